"""What a change of the policy means, in words: one sentence for each effect. Pure.

In: the documents and the effective prices before and after. Out: who gains and loses which models, what becomes of
limits, prices and targets, from and to.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Budget, Client, Documents, PriceOverride, Route, ScannerRule, Target, Team
from gwctl.policy.errors import PolicyError
from gwctl.policy.keys import Key
from gwctl.policy.state import NOUNS, SECTIONS, PolicyDocument, Section
from gwctl.pricing.prices import NANO_PER_USD, Price

NAMED = 5
"""So many names are listed; of the others, only their number."""

TOKEN_RATES = ("input", "output", "cache_read", "cache_creation", "cache_creation_1h", "audio_input", "audio_output")

_TOLD_ELSEWHERE = {("teams", "models"), ("keys", "secrets")}

Index = Mapping[str, PolicyDocument]


def difference(before: Documents, after: Documents, on: date) -> list[str]:
    """The sentences, in a stable order. `on` is the day whose prices hold."""
    old = {section: _index(before, section) for section in SECTIONS}
    new = {section: _index(after, section) for section in SECTIONS}
    changed: list[Section] = [section for section in SECTIONS if old[section] != new[section]]
    words: list[str] = []
    if "routes" in changed or "teams" in changed:
        words += _access(before, after)
    for section in changed:
        for document_id in _changed_ids(old[section], new[section]):
            words += _document(section, old[section].get(document_id), new[section].get(document_id))
    if "routes" in changed or "pricing" in changed:
        words += _prices(_effective_prices(before, on), _effective_prices(after, on))
    return words


def _index(documents: Documents, section: Section) -> Index:
    return {document.id: document for document in getattr(documents, section)}


def _changed_ids(old: Index, new: Index) -> list[str]:
    changed = [name for name, document in old.items() if new.get(name) is not document and new.get(name) != document]
    return sorted([*changed, *(new.keys() - old.keys())])


def _access(before: Documents, after: Documents) -> Iterator[str]:
    """Teams that gain or lose models, grouped by the models. New and deleted teams are told of elsewhere."""
    aliases_before = frozenset(route.id for route in before.routes)
    aliases_after = frozenset(route.id for route in after.routes)
    old = {team.id: _models(team, aliases_before) for team in before.teams}
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for team in after.teams:
        if team.id in old:
            now = _models(team, aliases_after)
            for verb, models in (("gain", now - old[team.id]), ("lose", old[team.id] - now)):
                if models:
                    groups.setdefault((verb, tuple(sorted(models))), []).append(team.id)
    for (verb, models), teams in sorted(groups.items()):
        subject = f"team {teams[0]} {verb}s" if len(teams) == 1 else f"teams {_some(sorted(teams))} {verb}"
        yield f"{subject} {_some(models)}"


def _models(team: Team, aliases: frozenset[str]) -> frozenset[str]:
    return aliases if team.models == "*" else frozenset(team.models)


def _document(section: Section, old: PolicyDocument | None, new: PolicyDocument | None) -> Iterator[str]:
    if old is None and new is not None:
        yield f"{NOUNS[section]} {new.id} is new: {_summary(new)}"
    elif new is None and old is not None:
        yield f"{NOUNS[section]} {old.id} is gone; it was: {_summary(old)}"
    elif old is not None and new is not None:
        if isinstance(old, Key) and isinstance(new, Key) and old.secrets != new.secrets:
            yield f"key {new.id} has a new secret; {_old_secret(new)}"
        for name in type(new).model_fields:
            was, now = getattr(old, name), getattr(new, name)
            if was != now and section != "pricing" and (section, name) not in _TOLD_ELSEWHERE:
                yield f"{NOUNS[section]} {new.id}: {name} from {_shown(was)} to {_shown(now)}"
        everything = "*" in (getattr(old, "models", ()), getattr(new, "models", ()))
        if isinstance(old, Team) and isinstance(new, Team) and everything and old.models != new.models:
            yield f"team {new.id}: models from {_shown(old.models)} to {_shown(new.models)}"
        if section == "pricing":
            yield f"price {new.id}: override from {_summary(old)} to {_summary(new)}"


def _summary(document: PolicyDocument) -> str:
    match document:
        case Route():
            return f"{_shown(document.targets)}, {document.strategy}"
        case Team():
            models = "all models" if document.models == "*" else _some(document.models) or "no models"
            return models if document.enabled else f"{models}, switched off"
        case Client():
            return f"of team {document.team}" + ("" if document.enabled else ", switched off")
        case Key():
            models = "all models" if document.models == "*" else _some(document.models) or "no models"
            limit = "" if document.limit_usd is None else f", {_usd(document.limit_usd)} a {document.period}"
            return f"of team {document.team}, {models}{limit}" + ("" if document.enabled else ", switched off")
        case Budget():
            return f"{_limit(document)} a {document.period} for {_scope(document)}, {document.action}"
        case ScannerRule():
            guardrail = document.bedrock_guardrail
            what = f"Bedrock guardrail {guardrail.id}" if guardrail else f"/{document.pattern}/"
            teams = "all teams" if document.teams == "*" else f"teams {_some(document.teams) or 'none'}"
            return f"{document.action} {what} on {', '.join(document.on)} for {teams}"
        case PriceOverride():
            rates = document.model_dump(exclude={"provider", "model"}, exclude_none=True)
            return ", ".join(f"{name} {_usd(rate)}" for name, rate in rates.items()) + " per million tokens"


def _old_secret(key: Key) -> str:
    until = next((secret.until for secret in key.secrets if secret.until), None)
    return f"the old one is good until {until:%F %T} UTC" if until else "the old one is refused"


def _limit(budget: Budget) -> str:
    if budget.limit_usd is not None:
        return _usd(budget.limit_usd)
    if budget.limit_tokens is not None:
        return f"{budget.limit_tokens:,} tokens"
    return f"{budget.limit_requests or 0:,} requests"


def _scope(budget: Budget) -> str:
    if budget.client is not None:
        return f"client {budget.client}"
    if budget.team is None:
        return "everybody"
    return f"team {budget.team}" + (f" on {budget.model}" if budget.model else "")


def _prices(old: Mapping[str, Price], new: Mapping[str, Price]) -> Iterator[str]:
    """Prices of the same target that are another one now."""
    for name in sorted(old.keys() & new.keys()):
        was, now = _content(old[name]), _content(new[name])
        changes = [
            f"{rate} from {_rate(was[rate])} to {_rate(now[rate])}" for rate in TOKEN_RATES if was[rate] != now[rate]
        ]
        if any(was[rate] != now[rate] for rate in was.keys() - set(TOKEN_RATES)):
            changes.append("tiers and surcharges too")
        if changes:
            yield f"{name} gets another price per million tokens: {', '.join(changes)}"


def _content(price: Price) -> dict[str, Any]:
    return price.model_dump(exclude={"source"})


def _rate(value: int | None) -> str:
    return "the default" if value is None else _usd(Decimal(value) / NANO_PER_USD)


def _effective_prices(documents: Documents, on: date) -> Mapping[str, Price]:
    """What every target costs. Clients and limits play no part in it, and there may be many of them."""
    reduced = documents.model_copy(update={"clients": (), "keys": (), "budgets": ()})
    try:
        return compile_policy(reduced, version=0, on=on).prices
    except PolicyError:
        return {}


def _shown(value: Any) -> str:
    match value:
        case Decimal():
            return f"{value.normalize():f}"
        case datetime():
            return f"{value:%F %T} UTC"
        case "":
            return "nothing"
        case Target():
            return _target(value)
        case tuple():
            return _some([_shown(part) for part in value]) or "none"
        case dict():
            return _some([f"{name}={part}" for name, part in value.items()]) or "none"
        case None | True | False:
            return {None: "none", True: "yes", False: "no"}[value]
        case str() | int():
            return str(value)
        case _:
            return _some([f"{name}={_shown(getattr(value, name))}" for name in type(value).model_fields])


def _target(target: Target) -> str:
    """A target with everything that is not as usual."""
    told = {
        f"weight {target.weight}": target.weight != 1,
        f"priced as {target.priced_as}": target.priced_as,
        f"at most {target.max_output_tokens or 0:,} tokens": target.max_output_tokens,
    }
    extra = ", ".join(words for words, is_told in told.items() if is_told)
    return f"{target.provider}/{target.model}" + (f" ({extra})" if extra else "")


def _usd(value: Decimal) -> str:
    return f"${value.normalize():,f}"


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - NAMED
    return ", ".join(listed[:NAMED]) + (f" and {more} more" if more > 0 else "")
