"""Agent, edge and Portkey are killed at random under load, also several at once; then the books are compared.

`python -m tools.bench.chaos [--seconds S]` prints what came of it and ends with 1 if the books are wrong. In the end
the agent is killed while some slow requests are in flight: how long is more reserved than what they may cost?
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from gwctl.policy.snapshot import Snapshot
from support.processes import wait_until
from tools.bench.http import Http
from tools.bench.load import Bounder, Client
from tools.bench.policies import callers, policy
from tools.bench.rig import Fleet, running_fleet

CLIENTS: Final = 8
SLOW: Final = 4
SLOW_MILLISECONDS: Final = 600_000
"""Until they are given up."""
BACK_SECONDS: Final = 5.0
"""An agent that comes back knows by then what is in flight."""
BETWEEN: Final = (3, 30)
"""So many requests are served between two kills, at least and at most."""
PARTS: Final = ("agent", "edge", "portkey")
TOGETHER: Final = (("edge", "portkey"), ("agent", "edge"), ("agent", "portkey"), PARTS)
RESERVED_SECONDS: Final = 30.0
"""So long after the last request nothing is reserved any more."""
MONEY, TIGHT, TIGHT_USD = "money", "tight", "0.05"
BUDGETS: Final = [
    {"id": MONEY, "limit_usd": "1000", "period": "month"},
    {"id": TIGHT, "client": "a1", "limit_usd": TIGHT_USD, "period": "month"},
]


@dataclass(frozen=True)
class Report:
    """Amounts in nano-dollars. `served` by the provider; `unknown`: charged, and nobody saw an answer.

    `back`: seconds until an agent that came back had given `locked` back. `free`: until nothing was reserved.
    """

    kills: Counter[str]
    events: int
    served: int
    charged: int
    unknown: int
    twice: int
    events_cost: int
    settled: int
    overshoot: int
    back: float
    locked: int
    free: float

    @property
    def wrong(self) -> list[str]:
        """What must not be.

        A Portkey that is killed between the note of a call and the call itself may have reached the provider, as far
        as anybody knows: one request for each such kill is charged.
        """
        found = {
            f"{self.served - self.charged} requests that were served are not charged": self.charged < self.served,
            f"{self.charged - self.served} more are charged than were served": self.charged - self.served
            > self.kills["portkey"],
            f"{self.twice} requests are events twice": self.twice,
            f"the ledger has {self.settled}, the events {self.events_cost}": self.settled != self.events_cost,
            f"a budget was overrun by {self.overshoot}": self.overshoot,
            f"an agent that came back reserved too much for {self.back:.1f} s": self.back > BACK_SECONDS,
            f"something was reserved {self.free:.1f} s after the last request": self.free > RESERVED_SECONDS,
        }
        return [text for text, is_wrong in found.items() if is_wrong]

    def __str__(self) -> str:
        return (
            f"killed: {', '.join(f'{part} {times}' for part, times in sorted(self.kills.items()))}\n"
            f"requests: {self.events} events, {self.served} served by the provider, {self.charged} charged, "
            f"{self.unknown} of them without an answer\n"
            f"ledger {self.settled:,}, events {self.events_cost:,} nano-dollars; overshoot {self.overshoot}\n"
            f"an agent that came back gave {self.locked:,} back that nothing in flight needed after {self.back:.1f} s; "
            f"nothing was reserved {self.free:.1f} s after the last request"
        )


def run(folder: Path, seconds: float, seed: int = 7) -> Report:
    """Kills for so many seconds."""
    with running_fleet(folder, 1) as fleet:
        (pair,) = fleet.pairs
        # On the express lane nobody notes what a dead edge had sent on: all that was in flight counts.
        snapshot = policy(fleet.provider_url, BUDGETS, lane="portkey")
        fleet.start(snapshot)
        kills, back, locked = asyncio.run(_load(fleet, snapshot, seconds, seed))
        free = _seconds_until(lambda: _reserved(fleet, snapshot) == 0, 2 * RESERVED_SECONDS)
        pair.stop_agent()
        events = pair.events()
        states = fleet.states(snapshot, time.time())
        served = int(httpx.get(fleet.provider_url, trust_env=False).text)
    charged = [event for event in events if event["cost_nano_usd"]]
    return Report(
        kills=kills,
        events=len(events),
        served=served,
        charged=len(charged),
        unknown=sum(event["http.response.status_code"] != 200 for event in charged),
        twice=len(events) - len({event["id"] for event in events}),
        events_cost=sum(event["cost_nano_usd"] for event in charged),
        settled=states[MONEY].settled,
        overshoot=max(0, states[TIGHT].committed - snapshot.quotas[TIGHT].limit),
        back=back,
        locked=locked,
        free=free,
    )


async def _load(fleet: Fleet, snapshot: Snapshot, seconds: float, seed: int) -> tuple[Counter[str], float, int]:
    http, known, bounder, served = Http(), callers(fleet), Bounder(snapshot), Served()
    clients = [Client(http, fleet.ports, known, bounder, seed + number) for number in range(CLIENTS)]
    senders = [asyncio.create_task(served.send(client)) for client in clients]
    kills = await _kill(fleet, served, seconds, random.Random(seed))
    served.enough = True
    await asyncio.gather(*senders)
    others = [caller for caller in known if caller.id != "a1"]  # their budget is not used up
    slow = [Client(http, fleet.ports, others, bounder, seed + number) for number in range(SLOW)]
    back, locked = await _come_back(fleet, snapshot, slow, clients)
    http.close()
    return kills, back, locked


class Served:
    """How many requests of the load were served."""

    def __init__(self) -> None:
        self.count = 0
        self.enough = False

    async def send(self, client: Client) -> None:
        """One request after the other, until there were enough."""
        while not self.enough:
            if (await client.one()).admitted:
                self.count += 1
            else:
                await asyncio.sleep(0.05)


async def _kill(fleet: Fleet, served: Served, seconds: float, pick: random.Random) -> Counter[str]:
    """Each part alone, then as it comes, until the time is over."""
    (pair,) = fleet.pairs
    kill_and_start = {
        "agent": pair.kill_and_start_agent,
        "edge": pair.edge.kill_and_start,
        "portkey": fleet.portkey.kill_and_start,
    }
    kills, until = Counter[str](), time.monotonic() + seconds
    plan = [*((part,) for part in pick.sample(PARTS, len(PARTS))), pick.choice(TOGETHER)]
    while plan or time.monotonic() < until:
        parts = plan.pop(0) if plan else pick.choice([*((part,) for part in PARTS), *TOGETHER])
        least = served.count + pick.randint(*BETWEEN)
        await asyncio.to_thread(wait_until, lambda least=least: served.count >= least, "requests to be served", 60)
        await asyncio.gather(*(asyncio.to_thread(kill_and_start[part]) for part in parts))
        kills.update(parts)
    return kills


async def _come_back(
    fleet: Fleet, snapshot: Snapshot, slow: Sequence[Client], others: Sequence[Client]
) -> tuple[float, int]:
    """Seconds until an agent that was killed reserves for what is in flight and for nothing else; what else it had."""
    (pair,) = fleet.pairs
    requests = [asyncio.create_task(client.one(milliseconds=SLOW_MILLISECONDS)) for client in slow]
    await asyncio.to_thread(wait_until, lambda: pair.status.quotas.in_flight == SLOW, "requests in flight", 30)
    in_flight = sum(client.sent.bounds["nano_usd"] for client in slow if client.sent)
    await asyncio.gather(*(client.one(milliseconds=0) for client in others))  # what they had reserved goes back later
    await asyncio.to_thread(pair.kill_agent)
    locked = _reserved(fleet, snapshot) - in_flight
    await asyncio.to_thread(pair.start_agent)
    back = await asyncio.to_thread(_seconds_until, lambda: _reserved(fleet, snapshot) == in_flight, 2 * BACK_SECONDS)
    for request in requests:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)
    return back, locked


def _reserved(fleet: Fleet, snapshot: Snapshot) -> int:
    state = fleet.states(snapshot, time.time())[MONEY]
    return state.committed - state.settled


def _seconds_until(condition: Callable[[], bool], at_most: float) -> float:
    started = time.monotonic()
    while not condition():
        if time.monotonic() > started + at_most:
            return float("inf")
        time.sleep(0.05)
    return time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long to kill")
    with tempfile.TemporaryDirectory() as folder:
        report = run(Path(folder), parser.parse_args().seconds)
    print(report, *(f"WRONG: {each}" for each in report.wrong), sep="\n")
    return int(bool(report.wrong))


if __name__ == "__main__":
    sys.exit(main())
