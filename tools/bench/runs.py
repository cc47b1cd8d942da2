"""The hammer's runs. In: how large. Out: `Report`s, after everything was settled."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gwctl.core.names import Lane
from gwctl.policy.snapshot import Snapshot
from support.processes import wait_until
from tools.bench.http import Http
from tools.bench.judge import Report
from tools.bench.load import Bounder, Client, Outcome, many
from tools.bench.policies import callers, policy
from tools.bench.rig import Fleet, running_fleet
from tools.bench.stalls import Stalls

COLD_REQUESTS = 1_000
COLD_BUDGET_FOR = 10
COLD_SIZE, COLD_CAP = 500, 50


@dataclass(frozen=True)
class Size:
    """How large a run is."""

    pairs: int = 2
    clients: int = 64
    requests: int = 40
    """Of each client."""
    wait: float = 3.5
    """How long a request may wait for what other agents give back. The agent's default of 1.5 s is for a machine that
    does not run clients, provider, gateways and ledger beside it."""
    lane: Lane = "express"


@contextmanager
def fleet(size: Size) -> Iterator[Fleet]:
    """A fleet in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hammer-") as folder, running_fleet(Path(folder), size.pairs) as running:
        yield running


def mixed(running: Fleet, size: Size) -> Report:
    """Streamed and plain requests of random size, under budgets of several scopes and units that run out on the way."""
    requests = size.clients * size.requests
    budgets = [
        {"id": "all-usd", "limit_usd": f"{requests * 0.0021:.4f}", "period": "month"},
        {"id": "a-usd", "team": "a", "limit_usd": f"{requests * 0.0009:.4f}", "period": "month"},
        {"id": "b-tokens", "team": "b", "limit_tokens": requests * 1100, "period": "month"},
        {"id": "a1-requests", "client": "a1", "limit_requests": requests // 8, "period": "total"},
        {"id": "b-fast-usd", "team": "b", "model": "fast", "limit_usd": f"{requests * 0.0004:.4f}", "period": "month"},
        {"id": "b2-alert", "client": "b2", "limit_usd": "0.001", "period": "month", "action": "alert"},
    ]
    snapshot = policy(running.provider_url, budgets, lane=size.lane)
    running.start(snapshot, quota_wait_seconds=size.wait)

    stalls = Stalls()

    async def load() -> list[Outcome]:
        http, bounder, known = Http(), Bounder(snapshot), callers(running)
        clients = [Client(http, running.ports, known, bounder, seed) for seed in range(size.clients)]
        async with stalls.watched():
            outcomes = await many(clients, size.requests)
        http.close()
        return outcomes

    return judged(running, snapshot, asyncio.run(load()), stalls)


def cold(running: Fleet, size: Size) -> Report:
    """A thousand requests at once, the first ever, at a budget for ten of them."""
    bounder = Bounder(policy(running.provider_url, []))
    some = callers(running)[0]
    # The longest body that this size makes; a streamed one is a few bytes longer.
    bound = bounder.bounds(some, "fast", COLD_SIZE, COLD_CAP)["nano_usd"]
    limit = f"{bound * COLD_BUDGET_FOR / 1e9:.9f}"
    budgets = [{"id": "all-usd", "limit_usd": limit, "period": "month"}]
    snapshot = policy(running.provider_url, budgets, lane=size.lane)
    running.start(snapshot, quota_wait_seconds=size.wait)

    stalls = Stalls()

    async def load() -> list[Outcome]:
        http, known = Http(), callers(running)
        clients = [Client(http, running.ports, known, bounder, seed) for seed in range(COLD_REQUESTS)]
        async with stalls.watched():
            outcomes = list(await asyncio.gather(*(each.one(COLD_SIZE, COLD_CAP) for each in clients)))
        http.close()
        return outcomes

    return judged(running, snapshot, asyncio.run(load()), stalls)


def judged(running: Fleet, snapshot: Snapshot, outcomes: list[Outcome], stalls: Stalls) -> Report:
    """Waits until every request is a usage event, stops the agents in order, and compares with the ledger."""
    reached = sum(each.status != 0 for each in outcomes)
    wait_until(lambda: sum(pair.status.usage.events for pair in running.pairs) >= reached, "all usage events", 60)
    at = time.time()
    for pair in running.pairs:
        pair.stop_agent()
    states = running.states(snapshot, at)
    settled = {name: state.settled for name, state in states.items()}
    return Report.of(outcomes, snapshot.quotas, settled, stalls.longest)
