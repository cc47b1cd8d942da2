"""Policy documents → policy snapshot. Pure: the same documents, version and day give the same bytes."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TypeVar

from gwctl.policy.documents import Budget, Documents, PriceOverride, Provider, Route
from gwctl.policy.errors import PolicyError, Problem
from gwctl.policy.references import reference_problems
from gwctl.policy.snapshot import ClientEntry, Profile, Quota, Snapshot, TeamEntry, targets_of
from gwctl.policy.variants import VariantBuilder
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
    builder = VariantBuilder(routes, providers, prices)
    profiles, teams = _teams(documents, builder)
    problems = [*_too_many(builder), *_unpriced(documents, builder)]
    if problems:
        raise PolicyError(problems)
    variants = builder.variants
    used = {node.price for variant in variants.values() for node in targets_of(variant.tree)}
    unhashed = Snapshot(
        version=version,
        content_hash="",
        providers=_sorted(providers),
        variants=_sorted(variants),
        profiles=_sorted(profiles),
        teams=_sorted(teams),
        clients=_sorted({c.id: ClientEntry(team=c.team, enabled=c.enabled) for c in documents.clients}),
        quotas=_sorted({budget.id: quota_of(budget) for budget in documents.budgets}),
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


def _teams(documents: Documents, builder: VariantBuilder) -> tuple[dict[str, Profile], dict[str, TeamEntry]]:
    """Teams that may use the same aliases under the same scanner rules share one profile."""
    everything = tuple(sorted(route.id for route in documents.routes))
    for_all = frozenset(rule.id for rule in documents.scanner if rule.teams == "*")
    for_team: dict[str, set[str]] = {}
    for rule in documents.scanner:
        for team in rule.teams if rule.teams != "*" else ():
            for_team.setdefault(team, set()).add(rule.id)
    names: dict[tuple[tuple[str, ...], frozenset[str]], str] = {}
    profiles: dict[str, Profile] = {}
    teams: dict[str, TeamEntry] = {}
    for team in documents.teams:
        models = everything if team.models == "*" else tuple(sorted(set(team.models)))
        key = (models, for_all | for_team.get(team.id, set()))
        if key not in names:
            profile = Profile(models={alias: builder.variants_of(alias, key[1]) for alias in models})
            names[key] = f"p{hashlib.sha256(profile.model_dump_json().encode()).hexdigest()[:12]}"
            profiles[names[key]] = profile
        tags = _sorted(team.tags)
        teams[team.id] = TeamEntry(profile=names[key], enabled=team.enabled, name=team.name, tags=tags)
    return profiles, teams


def _too_many(builder: VariantBuilder) -> Iterator[Problem]:
    count = len(builder.variants)
    if count > MAX_VARIANTS:
        message = f"rules and routes combine to {count} variants, {MAX_VARIANTS} is the limit"
        yield Problem("scanner", "", message, "give teams the same rules instead of rules of their own")


def _unpriced(documents: Documents, builder: VariantBuilder) -> Iterator[Problem]:
    """A budget in dollars that blocks cannot be held over a model whose price nobody knows."""
    aliases_of = {
        team.id: {route.id for route in documents.routes} if team.models == "*" else set(team.models)
        for team in documents.teams
    }
    team_of = {client.id: client.team for client in documents.clients}
    unpriced: dict[str, set[str]] = {}
    for variant in builder.variants.values():
        for node in targets_of(variant.tree):
            if node.price is None:
                unpriced.setdefault(variant.route, set()).add(f"{node.provider}/{node.model}")
    for budget in documents.budgets:
        if budget.limit_usd is None or budget.action != "block":
            continue
        covered = _covered(budget, aliases_of, team_of, documents.routes)
        for alias in sorted(covered & unpriced.keys()):
            names = ", ".join(sorted(unpriced[alias]))
            message = f"cannot be held: route {alias} can be served by {names}, which has no price"
            yield Problem(f"budgets/{budget.id}", "limit_usd", message, "add a price under pricing")


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


def quota_of(budget: Budget) -> Quota:
    """The quota that a budget becomes, under the budget's id."""
    if budget.limit_usd is not None:
        unit, limit = "nano_usd", int(budget.limit_usd * NANO_PER_USD)
    elif budget.limit_tokens is not None:
        unit, limit = "tokens", budget.limit_tokens
    else:
        unit, limit = "requests", budget.limit_requests or 0
    return Quota(
        scope=_scope(budget),
        unit=unit,
        limit=limit,
        period=budget.period,
        timezone=budget.timezone,
        action=budget.action,
        notify_at=tuple(sorted(set(budget.notify_at))),
    )


def _scope(budget: Budget) -> str:
    if budget.client is not None:
        return f"client:{budget.client}"
    if budget.model is not None:
        return f"team:{budget.team}/model:{budget.model}"
    return "gateway" if budget.team is None else f"team:{budget.team}"


def _sorted(entries: Mapping[str, _Entry]) -> dict[str, _Entry]:
    return dict(sorted(entries.items()))
