"""An agent that is killed again and again under load: each request is an event once, and in the ledger once."""

import asyncio
import time
from pathlib import Path

import pytest

from support.processes import wait_until
from tools.bench.http import Http
from tools.bench.load import Bounder, Client, Outcome
from tools.bench.policies import callers, policy
from tools.bench.rig import Fleet, running_fleet

KILLS = 5
CLIENTS = 12
BUDGETS = [
    {"id": "money", "limit_usd": "1000", "period": "month"},
    {"id": "tokens", "team": "a", "limit_tokens": 10**9, "period": "day", "action": "alert"},
    {"id": "calls", "client": "b1", "limit_requests": 10**6, "period": "total"},
]

pytestmark = pytest.mark.timeout(240)


async def load_while_the_agent_dies(fleet: Fleet, bounder: Bounder) -> list[Outcome]:
    """Clients send without a pause, while the only agent is killed at any moment and started again."""
    http, known, stopping = Http(), callers(fleet), asyncio.Event()
    outcomes: list[Outcome] = []

    async def send(seed: int) -> None:
        client = Client(http, fleet.ports, known, bounder, seed)
        while not stopping.is_set():
            outcomes.append(await client.one())
            if not outcomes[-1].admitted:
                await asyncio.sleep(0.05)

    senders = [asyncio.create_task(send(seed)) for seed in range(CLIENTS)]
    (pair,) = fleet.pairs
    for number in range(KILLS):
        before = pair.status.usage.events
        await asyncio.to_thread(wait_until, lambda least=before: pair.status.usage.events > least + 20, "events", 30)
        await asyncio.sleep(0.13 * number)  # nosemgrep: no-sleep-in-tests # not always at the same point of its work
        await asyncio.to_thread(pair.kill_agent)
        await asyncio.to_thread(pair.start_agent)
    await asyncio.to_thread(wait_until, lambda: pair.status.usage.events > 20, "events", 30)
    stopping.set()
    await asyncio.gather(*senders)
    http.close()
    return outcomes


def test_killed_agents_lose_no_cost_and_count_none_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_fleet(tmp_path, 1) as fleet:
        (pair,) = fleet.pairs
        snapshot = policy(fleet.provider_url, BUDGETS)
        fleet.start(snapshot)
        outcomes = asyncio.run(load_while_the_agent_dies(fleet, Bounder(snapshot)))
        wait_until(lambda: len(pair.edge.log_lines()) >= len(outcomes), "the usage log to be whole")
        wait_until(lambda: len(pair.events()) >= len(outcomes), "an event for each request", 20)
        pair.stop_agent()
        events, lines = pair.events(), pair.edge.log_lines()
        states = fleet.states(snapshot, time.time())

    admitted = sum(each.admitted for each in outcomes)
    with capsys.disabled():
        print(f"\n  {KILLS} kills: {len(outcomes)} requests, {admitted} admitted, settled {states['money'].settled}")
    assert [event["id"] for event in events] == [line["id"] for line in lines]
    assert states["money"].settled == sum(event["cost_nano_usd"] for event in events)
    assert states["money"].settled == sum(each.used["nano_usd"] for each in outcomes if each.admitted)
    assert states["calls"].settled == sum(line["client"] == "b1" and line["upstream"] is not None for line in lines)
    names = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")
    assert states["tokens"].settled == sum(event[name] for event in events for name in names if event["team"] == "a")
