"""Policy documents → policy snapshot. Pure: the same documents, version and day give the same bytes."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TypeVar

from gwctl.policy.compiling.lanes import SPOKEN
from gwctl.policy.compiling.profiles import ProfileBuilder
from gwctl.policy.compiling.quotas import quota_of, quotas_of
from gwctl.policy.compiling.variants import VariantBuilder
from gwctl.policy.documents import Budget, Documents, PriceOverride, Provider, Route
from gwctl.policy.errors import PolicyError, Problem
from gwctl.policy.references import reference_problems
from gwctl.policy.snapshot import ClientEntry, KeyEntry, Snapshot, targets_of
from gwctl.pricing.price_book import default_price
from gwctl.pricing.prices import NANO_PER_USD, Price

_Entry = TypeVar("_Entry")

MAX_VARIANTS = 5_000
"""The edge holds one or two clusters for each variant; beyond this its updates grow slow."""


def compile_policy(documents: Documents, *, version: int, on: date) -> Snapshot:
    """Compiles all documents.

    `version` is the number that the snapshot carries; `on` is the day whose prices hold. Raises PolicyError
    with every problem of the documents; a policy with one problem does not compile at all.
    """
    problems = list(reference_problems(documents))
    if problems:
        raise PolicyError(problems)
    providers = {provider.id: provider for provider in documents.providers}
    routes = {route.id: route for route in documents.routes}
    prices = _prices(documents, providers, on)
    builder = VariantBuilder(routes, providers, prices, {rule.id: rule for rule in documents.scanner})
    profiles = ProfileBuilder(documents, builder)
    teams = {team.id: profiles.team(team) for team in documents.teams}
    clients = {client.id: ClientEntry(team=client.team, enabled=client.enabled) for client in documents.clients}
    clients |= {key.id: profiles.key(key) for key in documents.keys}
    quotas = {budget.id: quota_of(budget) for budget in documents.budgets}
    for key in documents.keys:
        quotas |= quotas_of(key)
    problems = [*_too_many(builder), *_unpriced(documents, builder), *_not_express(routes, providers, builder)]
    if problems:
        raise PolicyError(problems)
    variants = builder.variants
    used = {node.price for variant in variants.values() for node in targets_of(variant.tree)}
    unhashed = Snapshot(
        version=version,
        content_hash="",
        providers=_sorted(providers),
        variants=_sorted(variants),
        profiles=_sorted(profiles.profiles),
        teams=_sorted(teams),
        clients=_sorted(clients),
        keys=_sorted(
            {
                key.id: KeyEntry(secrets=key.secrets, expires=key.expires, networks=key.networks)
                for key in documents.keys
            }
        ),
        quotas=_sorted(quotas),
        scanner=_sorted({rule.id: rule for rule in documents.scanner}),
        prices=_sorted({name: price for name, price in prices.items() if name in used}),
    )
    return unhashed.model_copy(update={"content_hash": unhashed.compute_hash()})


def _prices(documents: Documents, providers: Mapping[str, Provider], on: date) -> dict[str, Price]:
    """`<provider>/<model>` → price of every target that has one: the override's, else the price book's."""
    overrides = {override.id: _override(override) for override in documents.pricing}
    prices: dict[str, Price] = {}
    for route in documents.routes:
        for target in route.targets:
            name = f"{target.provider}/{target.model}"
            kind = providers[target.provider].kind
            price = overrides.get(name) or default_price(kind, target.priced_as or target.model, on)
            if price is not None:
                prices[name] = price
    return prices


def _override(override: PriceOverride) -> Price:
    rates = {
        name: int(usd * NANO_PER_USD)
        for name, usd in override.model_dump(exclude={"provider", "model"}, exclude_none=True).items()
    }
    return Price.model_validate({**rates, "source": f"pricing/{override.id}"})


def _too_many(builder: VariantBuilder) -> Iterator[Problem]:
    count = len(builder.variants)
    if count > MAX_VARIANTS:
        message = f"rules and routes combine to {count} variants, {MAX_VARIANTS} is the limit"
        yield Problem("scanner", "", message, "give teams the same rules instead of rules of their own")


def _not_express(
    routes: Mapping[str, Route], providers: Mapping[str, Provider], builder: VariantBuilder
) -> Iterator[Problem]:
    """A route that asks for the express lane must be able to have it, for what its targets speak themselves."""
    spoken_by_all: dict[str, bool] = {}
    for variant in builder.variants.values():
        if routes[variant.route].lane != "express":
            continue
        spoken = [SPOKEN.get(providers[node.provider].kind, frozenset()) for node in targets_of(variant.tree)]
        for api, choice in variant.lanes.items():
            is_spoken = all(api in each for each in spoken)
            spoken_by_all[variant.route] = spoken_by_all.get(variant.route, False) or is_spoken
            if is_spoken and choice.lane != "express":
                message = f"express cannot serve {api}: {choice.reason}"
                yield Problem(f"routes/{variant.route}", "lane", message, "remove it, or change what is against it")
    for alias in (alias for alias, is_spoken in spoken_by_all.items() if not is_spoken):
        message = "express cannot serve it: there is no API that all its targets speak themselves"
        yield Problem(f"routes/{alias}", "lane", message, "remove it")


def _unpriced(documents: Documents, builder: VariantBuilder) -> Iterator[Problem]:
    """A budget in dollars that blocks cannot be held over a model whose price nobody knows."""
    aliases_of = {
        team.id: {route.id for route in documents.routes} if team.models == "*" else set(team.models)
        for team in documents.teams
    }
    team_of = {client.id: client.team for client in (*documents.clients, *documents.keys)}
    unpriced: dict[str, set[str]] = {}
    for variant in builder.variants.values():
        for node in targets_of(variant.tree):
            if node.price is None:
                unpriced.setdefault(variant.route, set()).add(f"{node.provider}/{node.model}")
    for budget in documents.budgets:
        if budget.limit_usd is None or budget.action != "block":
            continue
        covered = _covered(budget, aliases_of, team_of, documents.routes)
        yield from _not_held(f"budgets/{budget.id}", covered, unpriced)
    for key in documents.keys:
        if key.limit_usd is not None:
            own = aliases_of[key.team] if key.models == "*" else aliases_of[key.team] & set(key.models)
            yield from _not_held(f"keys/{key.id}", own, unpriced)


def _not_held(document: str, covered: set[str], unpriced: Mapping[str, set[str]]) -> Iterator[Problem]:
    for alias in sorted(covered & unpriced.keys()):
        names = ", ".join(sorted(unpriced[alias]))
        message = f"cannot be held: route {alias} can be served by {names}, which has no price"
        yield Problem(document, "limit_usd", message, "add a price under pricing")


def _covered(
    budget: Budget, aliases_of: Mapping[str, set[str]], team_of: Mapping[str, str], routes: Iterable[Route]
) -> set[str]:
    if budget.model is not None:
        return {budget.model}
    if budget.team is not None:
        return aliases_of[budget.team]
    if budget.client is not None:
        return aliases_of[team_of[budget.client]]
    return {route.id for route in routes}


def _sorted(entries: Mapping[str, _Entry]) -> dict[str, _Entry]:
    return dict(sorted(entries.items()))
