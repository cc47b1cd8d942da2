"""A policy with circuit breakers, and lines of the usage log about its targets."""

import json
from datetime import UTC, datetime
from typing import Any

from gwctl.edge.breaker import CircuitBreakers, TargetName
from gwctl.edge.usage_log.line import UsageLine, parse_line
from gwctl.policy.snapshot import Snapshot
from support.lanes import by_portkey
from support.usage_lines import written
from unit.policy.examples import compiled

NOW = 1_800_000_000.0
BREAKER = {"failures": 3, "window_seconds": 30, "open_seconds": 10}


def target(model: str, weight: int = 1) -> dict[str, Any]:
    return {"provider": "openai", "model": model, "weight": weight}


def policy(**breaker: Any) -> Snapshot:
    """`pair` is a or b; `mixed` is weighted a or b, then what `pair` is, then c."""
    settings = {"circuit_breaker": {**BREAKER, **breaker}}
    routes = [
        {"id": "pair", "targets": [target("a"), target("b")], **settings},
        {
            "id": "mixed",
            "strategy": "weighted",
            "targets": [target("a"), target("b", 9)],
            "fallbacks": ["pair", "c"],
            **settings,
        },
        {"id": "c", "targets": [target("c")]},
        {"id": "without", "targets": [target("a"), target("b")]},
    ]
    routes = by_portkey(routes)
    return compiled(routes=routes, budgets=[], scanner=[], teams=[{"id": "t"}], clients=[{"id": "t-api", "team": "t"}])


POLICY = policy()


def variant(route: str) -> str:
    [name] = [name for name, each in POLICY.variants.items() if each.route == route and "chat" in each.apis]
    return name


def line(option: str | None, status: int = 200, *, route: str = "pair", at: float = NOW, **more: Any) -> UsageLine:
    """A request that began and ended at a time."""
    started = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    fields = {"v": 2, "id": "1", "started": started, "duration_ms": 0, "status": status, "option": option}
    return parse_line(json.dumps(written({**fields, "upstream": "127.0.0.1:1", "variant": variant(route), **more})))


A, B, C = (TargetName("pair", "openai", name) for name in "abc")
SECOND = "config.targets[1]"


def told(*lines: UsageLine, breakers: CircuitBreakers | None = None, snapshot: Snapshot = POLICY) -> CircuitBreakers:
    breakers = breakers or CircuitBreakers()
    for each in lines:
        breakers.observe(each, snapshot, each.started.timestamp() + each.duration_ms / 1000)
    return breakers


def opened() -> CircuitBreakers:
    return told(*[line(SECOND)] * 3)
