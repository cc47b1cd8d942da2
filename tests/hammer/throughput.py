"""What edge and quotas cost in throughput: bare Portkey, the edge without quotas, the edge with each team under three.

In: a number of rounds. Out: ratios. Here client, provider and ledger share the cores with the parts, so at full load a
clock says how many cores there are. Beside it stands the capacity: how many requests a second the busiest process
could take on a core of its own, from its CPU time for a request. That is taken at a steady rate which leaves the cores
room: at full load each process pays for the others, whose work throws its own out of the caches. The variants take
turns, what is compared was measured in the same round, and the median of all rounds counts.

    PYTHONPATH=tests python -m hammer.throughput
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from gateway.edge.issuer import Issuer
from gwctl.edge.portkey import credentials, template
from gwctl.policy.snapshot import Snapshot
from hammer.http import Http
from hammer.load import body_of
from hammer.policies import CLIENTS, policy
from hammer.rig import SECRETS, TABLES, Pair, cpu_seconds, running_portkey, running_provider
from support.dynamodb_local import create_ledger_table, dynamodb_client, running_dynamodb_local
from support.processes import wait_until

CONCURRENCY = 32
STEADY = 120
"""Requests a second when CPU is measured."""
PATH = "/v1/chat/completions"
TEAM_QUOTAS = [
    {"id": "all-usd", "limit_usd": "1000000", "period": "month"},
    *({"id": f"{team}-tpm", "team": team, "limit_tokens": 10**12, "period": "minute"} for team in "ab"),
    *({"id": f"{team}-rpd", "team": team, "limit_requests": 10**10, "period": "day"} for team in "ab"),
]
"""Every team is under three: dollars, tokens a minute, requests a day."""


@dataclass
class Target:
    """Something to send requests to: a port, and headers that take turns. `pids` by the part's name."""

    port: int
    headers: list[dict[str, str]]
    pids: Mapping[str, int]
    rates: list[float] = field(default_factory=list)
    """Requests a second, by the clock."""
    cpu: list[dict[str, float]] = field(default_factory=list)
    """Milliseconds of CPU for a request, by part."""

    @property
    def milliseconds(self) -> dict[str, float]:
        """The median CPU of a request, by part."""
        return {part: median(each[part] for each in self.cpu) for part in self.pids}

    @property
    def capacities(self) -> list[float]:
        """Requests a second that the busiest part can take on one core, by round."""
        return [1000 / max(each.values()) for each in self.cpu]


async def one_round(http: Http, target: Target, body: bytes, requests: int) -> None:
    """Sends so many as fast as it goes, and notes the rate; then as many at a steady rate, and notes the CPU."""

    async def send(number: int) -> None:
        answer = await http.post(target.port, PATH, target.headers[number % len(target.headers)], body)
        if answer.status != 200:
            raise AssertionError(f"{answer.status}: {answer.text[:300]}")

    async def send_all(left: Iterator[int]) -> None:
        for number in left:
            await send(number)

    began = time.perf_counter()
    left = iter(range(requests))
    await asyncio.gather(*(send_all(left) for _ in range(CONCURRENCY)))
    target.rates.append(requests / (time.perf_counter() - began))
    await asyncio.sleep(1)  # what a part does about these requests a moment later is no part of what comes now

    before = {part: cpu_seconds(pid) for part, pid in target.pids.items()}
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(requests):
            await asyncio.sleep(began + number / STEADY - time.perf_counter())
            group.create_task(send(number))
    await asyncio.sleep(1)  # but a part of what came before
    target.cpu.append({part: (cpu_seconds(pid) - before[part]) / requests * 1000 for part, pid in target.pids.items()})


def ratio(of: Target, to: Target) -> tuple[float, float]:
    """Throughput as a share of another's: by capacity, and by the clock."""

    def share(mine: list[float], others: list[float]) -> float:
        return median(each / other for each, other in zip(mine, others, strict=True))

    return share(of.capacities, to.capacities), share(of.rates, to.rates)


def measure(targets: Mapping[str, Target], rounds: int, requests: int) -> None:
    """Lets the targets take turns, after a round each that does not count: Node compiles what is called often."""
    body = body_of("fast", {"in": 100, "out": 10, "ms": 0}, 600, 50, stream=False)

    async def run() -> None:
        http = Http()
        for target in targets.values():
            await one_round(http, target, body, requests)
            target.rates.clear()
            target.cpu.clear()
        order = list(targets.values())
        for _ in range(rounds):
            for target in order:
                await one_round(http, target, body, requests)
            order.append(order.pop(0))  # nobody is always the first
        http.close()

    asyncio.run(run())


def bare(port: int, snapshot: Snapshot, pid: int) -> Target:
    """Portkey without anything in front, given what the edge gives it."""
    variant = next(each for each in snapshot.variants.values() if each.route == "fast" and "chat" in each.apis)
    known: dict[str, Any] = json.loads(credentials(snapshot, SECRETS))
    pieces = template(variant, snapshot, stream_usage=False)
    config = "".join(
        piece if number % 2 == 0 else json.dumps(known.get(piece, {}))[1:-1] for number, piece in enumerate(pieces)
    )
    headers = {"content-type": "application/json", "x-portkey-config": config}
    return Target(port, [headers], {"gateway": pid})


def tokens(issuer: Issuer) -> list[dict[str, str]]:
    """Headers of all clients."""
    return [
        {"content-type": "application/json", "authorization": f"Bearer {issuer.token(client)}"} for client in CLIENTS
    ]


class Bench:
    """Portkey, provider, ledger and edges with their agents. Use it as a context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> "Bench":
        stack = self._stack
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="throughput-")))
        self.issuer = stack.enter_context(Issuer())
        self.provider_url = f"http://127.0.0.1:{stack.enter_context(running_provider())}"
        self.portkey = stack.enter_context(running_portkey())
        self.ledger = stack.enter_context(running_dynamodb_local())
        for table in (TABLES.ledger, TABLES.usage):
            create_ledger_table(dynamodb_client(self.ledger), table)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def bare(self, snapshot: Snapshot) -> Target:
        return bare(self.portkey.port, snapshot, self.portkey.process.pid)

    def pair(self, name: str, snapshot: Snapshot) -> Pair:
        """An edge and its agent under a policy that is in force."""
        folder = self._folder / name
        folder.mkdir()
        pair = Pair(folder, self.issuer, self.portkey.port, self.ledger)
        self._stack.callback(pair.close)
        pair.put_policy(snapshot)
        pair.start_agent()
        pair.edge.start()
        pair.wait_for(snapshot, 60)
        pair.wait_ready()
        return pair

    def behind(self, pair: Pair, headers: list[dict[str, str]] | None = None) -> Target:
        """Portkey behind an edge."""
        assert pair.edge.process
        assert pair.agent
        pids = {"gateway": self.portkey.process.pid, "edge": pair.edge.process.pid, "agent": pair.agent.pid}
        return Target(pair.edge.settings.listen_port, headers or tokens(self.issuer), pids)


def described(name: str, target: Target) -> str:
    parts = ", ".join(f"{part} {cost:.3f}" for part, cost in target.milliseconds.items())
    return f"{name:<16} {median(target.rates):7.0f} requests/s by the clock; CPU ms a request: {parts}"


def compare(rounds: int, requests: int, say: Callable[[str], None]) -> dict[str, float]:
    """The ratios to bare Portkey, by capacity."""
    with Bench() as bench:
        free = policy(bench.provider_url, [])
        quota = policy(bench.provider_url, TEAM_QUOTAS)
        targets = {
            "bare Portkey": bench.bare(free),
            "edge": bench.behind(bench.pair("free", free)),
            "edge, 3 quotas": bench.behind(under := bench.pair("quota", quota)),
        }
        measure(targets, rounds, requests)
        wait_until(lambda: under.status.quotas.in_flight == 0, "everything to be settled")
        assert under.status.quotas.granted >= rounds * requests, "the quotas were not asked"
    ratios: dict[str, float] = {}
    for name, target in targets.items():
        say(described(name, target))
        by_capacity, by_clock = ratio(target, targets["bare Portkey"])
        ratios[name] = by_capacity
        say(f"{'':<16} {by_capacity:.3f} of bare Portkey by capacity, {by_clock:.3f} by the clock")
    return ratios


def main() -> int:
    rounds, requests = (int(each) for each in [*sys.argv[1:], "9", "1500"][:2])
    ratios = compare(rounds, requests, lambda line: print(line, flush=True))
    print(json.dumps(ratios))
    return 0


if __name__ == "__main__":
    sys.exit(main())
