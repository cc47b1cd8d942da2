"""A line of the usage log becomes a priced usage event. Pure: the caller knows the target and its price."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gwctl.core.names import ProviderKind
from gwctl.edge.usage_log.line import ANSWER_TOO_LARGE, EDGE_DIED, GATEWAY_DIED, UsageLine
from gwctl.ledger.metering.answer import error_type, response_model, service_tier
from gwctl.ledger.metering.events import OTEL_PROVIDER_NAMES, Outcome, UsageEvent
from gwctl.ledger.metering.normalise import NO_TOKENS, Usage, at_bound, normalise, withheld
from gwctl.policy.snapshot import TeamEntry
from gwctl.pricing.prices import Price, cost

WITHHELD: Final = frozenset({"answer_refused", "answer_too_large"})
"""Refusals of an answer that the provider has written and charges: an output rule keeps it from the caller, or would
have if the agent had been there to look; or it is larger than the edge holds."""


@dataclass(frozen=True, slots=True)
class ServedBy:
    """The target that served: kind and id of its provider, its model in the provider's words, its price if known."""

    kind: ProviderKind
    provider: str
    model: str
    price: Price | None
    largest_answer: int | None = None
    """The most tokens that one answer can have: no estimate goes beyond it."""


def meter(
    line: UsageLine,
    served_by: ServedBy | None,
    team: TeamEntry | None = None,
    was_called: Callable[[str], bool] = lambda _: True,
) -> UsageEvent:
    """The event of one request. `team` is the one of its client as the policy had it at that moment.

    `served_by` is None when no target is known to have served. A request that reached no provider, and an error
    answer without usage, used nothing and costs nothing. What was used and has no price costs None, never 0.
    `was_called` is asked whether a request that got no answer, by its id, may have reached a provider.
    """
    usage = _usage(line, served_by, was_called)
    tier, error = service_tier(line), error_type(line)
    spent = any(vars(usage.tokens).values())
    price = served_by.price if served_by else None
    nano_usd = 0
    if line.bound:
        nano_usd = line.bound.nano_usd
    elif spent:
        nano_usd = cost(price, usage.tokens, tier) if price else None
    return UsageEvent(
        **vars(usage.tokens),
        id=line.id,
        started_at=line.started,
        duration=line.duration_ms / 1000,
        time_to_first_chunk=line.first_byte_ms / 1000 if line.stream and line.first_byte_ms is not None else None,
        team=line.team,
        team_name=team.name or None if team else None,
        team_tags=_tags(tuple(team.tags.items())) if team else None,
        client=line.client,
        model=line.model,
        api=line.api,
        stream=bool(line.stream),
        policy=line.policy,
        status=line.status,
        outcome=_outcome(line, usage, error or _broken_off(line, served_by, usage)),
        refusal=_refusal(line),
        quota=line.quota.quota,
        shadow=line.quota.shadow,
        rules=line.rules,
        error_type=error or (EDGE_DIED if line.details == EDGE_DIED else None),
        lane=line.lane,
        attempts=max((line.tries or 1) - 1, 0) if line.lane == "express" else line.attempts or 0,
        provider_name=OTEL_PROVIDER_NAMES[served_by.kind] if served_by else None,
        provider=served_by.provider if served_by else None,
        target_model=served_by.model if served_by else None,
        response_model=response_model(line),
        service_tier=tier,
        estimated=usage.estimated,
        cost_nano_usd=nano_usd,
        price_source=_source(price, tier) if price and spent else None,
    )


@lru_cache(maxsize=4096)
def _tags(tags: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(tags), sort_keys=True, ensure_ascii=False)


def _usage(line: UsageLine, served_by: ServedBy | None, was_called: Callable[[str], bool]) -> Usage:
    refusal = _refusal(line)
    largest_answer = served_by.largest_answer if served_by else None
    if line.bound:
        return at_bound(line, line.bound)
    if refusal in WITHHELD and line.upstream is not None:
        return withheld(line, largest_answer)
    if refusal or line.upstream is None:
        return Usage(NO_TOKENS)
    by_portkey = line.lane != "express"  # there, a connection is one to the provider itself
    gateway_died = by_portkey and line.details.startswith(GATEWAY_DIED)
    unanswered = by_portkey and line.status == 0 and line.details != EDGE_DIED
    if (gateway_died or unanswered) and not was_called(line.id):
        return Usage(NO_TOKENS)
    if gateway_died:
        return withheld(line, largest_answer, "cut")
    if served_by is None:
        usage = normalise(line, None, None)
    else:
        usage = normalise(line, served_by.kind, served_by.model, largest_answer)
    if line.status >= 400 and usage.estimated in {"no_usage", "cut", "client_left"}:
        return Usage(NO_TOKENS)
    return usage


def _refusal(line: UsageLine) -> str | None:
    # Of this one Envoy asks no filter before it says it.
    return "answer_too_large" if line.details == ANSWER_TOO_LARGE else line.refusal


def _broken_off(line: UsageLine, served_by: ServedBy | None, usage: Usage) -> bool:
    """Whether the provider ended a chat's stream before its end, by an error or by hanging up.

    Portkey turns an error of Claude's or Bedrock's into a reason to stop, and ends both in order: only the usage, which
    is in their last event, is not there.
    """
    if served_by is None or line.api != "chat" or not line.stream or usage.estimated != "no_usage":
        return False
    claude_on_vertex = served_by.kind == "vertex-ai" and "claude" in served_by.model.lower()
    return served_by.kind in {"anthropic", "bedrock"} or claude_on_vertex


def _outcome(line: UsageLine, usage: Usage, error: str | bool | None) -> Outcome:
    if 400 <= line.status < 500 and (_refusal(line) or line.upstream is None):
        return "refused"
    if line.status >= 400 or error:
        return "failed"
    return "cut" if usage.estimated in {"client_left", "cut"} or line.status == 0 else "served"


def _source(price: Price, tier: str | None) -> str:
    if tier is None:
        return price.source
    known = any(each.name == tier for each in price.service_tiers)
    return f"{price.source}, service tier {tier}" if known else f"{price.source}, standard for service tier {tier}"
