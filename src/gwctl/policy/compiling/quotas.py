"""Budgets, and the limits of keys → quotas. Pure."""

from gwctl.core.keys import client_scope
from gwctl.core.names import Period, Unit
from gwctl.policy.documents import Budget
from gwctl.policy.keys import Key
from gwctl.policy.snapshot import Quota
from gwctl.pricing.prices import NANO_PER_USD


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
        return client_scope(budget.client)
    if budget.model is not None:
        return f"team:{budget.team}/model:{budget.model}"
    return "gateway" if budget.team is None else f"team:{budget.team}"


def quotas_of(key: Key) -> dict[str, Quota]:
    """The quotas that a key's limits become: `<key>.usd`, `<key>.requests`, `<key>.tokens`."""
    usd = None if key.limit_usd is None else int(key.limit_usd * NANO_PER_USD)
    limits: tuple[tuple[str, Unit, int | None, Period], ...] = (
        ("usd", "nano_usd", usd, key.period),
        ("requests", "requests", key.requests_per_minute, "minute"),
        ("tokens", "tokens", key.tokens_per_minute, "minute"),
    )
    return {
        f"{key.id}.{name}": Quota(
            scope=client_scope(key.id),
            unit=unit,
            limit=limit,
            period=period,
            timezone="UTC",
            action="block",
            notify_at=(80, 100),
        )
        for name, unit, limit, period in limits
        if limit is not None
    }
