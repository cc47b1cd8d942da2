"""What edge and quotas cost in throughput: bare Portkey, and each lane without quotas and with each team under three.

In: a number of rounds. Out: ratios of requests per second.

By the clock, on two cores: Portkey has one for itself; all the rest has the other one, edge and agent, but also client,
provider and ledger, which in truth run elsewhere. By capacity: what the busiest part could take on a core of its own,
from its CPU time for a request. That is taken at a steady rate which leaves the cores room: at full load each part pays
for the others, who share caches with it and, where two cores are two threads of one, the core itself. The variants take
turns, what is compared was measured in the same round, and the median of all rounds counts.

    python -m tools.bench.throughput
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from gateway.edge.kit.issuer import Issuer
from gwctl.edge.portkey import credentials, template
from gwctl.policy.snapshot import Snapshot
from support.processes import wait_until
from support.stores.dynamodb_local import create_ledger_table, dynamodb_client, running_dynamodb_local
from tools.bench.flood import fixed_provider, flood, post
from tools.bench.load import body_of
from tools.bench.policies import CLIENTS, policy
from tools.bench.rig import SECRETS, TABLES, Pair, cpu_seconds, running_portkey

PATH = "/v1/chat/completions"
STEADY = 300
"""Requests a second when CPU is measured."""
REQUEST_BYTES = 4000
"""A short conversation; about the mean of what the hammer sends. A coding agent sends ten times as much."""
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
    is_idle: Callable[[], bool] = lambda: True
    """Whether nothing is left to do about the requests of before."""
    rates: list[float] = field(default_factory=list)
    """Requests a second."""
    busy: list[float] = field(default_factory=list)
    """How much of its core Portkey had meanwhile: where it is all of it, nothing else was the limit."""
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

    def one_round(self, body: bytes, count: int) -> None:
        """Sends so many requests as fast as they are answered, and notes the rate; then steadily, and notes the CPU."""
        requests = [post(PATH, headers, body) for headers in self.headers]
        before = cpu_seconds(self.pids["gateway"])
        took = flood(self.port, requests, count)
        self.rates.append(count / took)
        self.busy.append((cpu_seconds(self.pids["gateway"]) - before) / took)
        wait_until(self.is_idle, "all requests to be metered and settled", 30)
        before = {part: cpu_seconds(pid) for part, pid in self.pids.items()}
        flood(self.port, requests, count, STEADY)
        wait_until(self.is_idle, "all requests to be metered and settled", 30)
        self.cpu.append({part: (cpu_seconds(pid) - before[part]) / count * 1000 for part, pid in self.pids.items()})


def ratio(of: Target, to: Target) -> tuple[float, float]:
    """Throughput as a share of another's: by capacity, and by the clock."""

    def share(mine: list[float], others: list[float]) -> float:
        return median(each / other for each, other in zip(mine, others, strict=True))

    return share(of.capacities, to.capacities), share(of.rates, to.rates)


def measure(targets: Mapping[str, Target], rounds: int, requests: int) -> None:
    """Lets the targets take turns, after a round each that does not count: Node compiles what is called often."""
    body = body_of("fast", {"in": 1000, "out": 400, "ms": 0}, REQUEST_BYTES, 1000, stream=False)
    order = list(targets.values())
    for target in order:
        target.one_round(body, requests)
        for figures in (target.rates, target.busy, target.cpu):
            figures.clear()
    for _ in range(rounds):
        for target in order:
            target.one_round(body, requests)
        order.append(order.pop(0))  # nobody is always the first


def bare(port: int, snapshot: Snapshot, pid: int) -> Target:
    """Portkey without anything in front, given what the edge gives it."""
    variant = next(each for each in snapshot.variants.values() if each.route == "fast" and "chat" in each.apis)
    known: dict[str, Any] = json.loads(credentials(snapshot, SECRETS))
    pieces = template(variant, snapshot, stream_usage=False, scanner_port=None)
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
        cores = os.sched_getaffinity(0)
        stack.callback(os.sched_setaffinity, 0, cores)
        first, second, *_ = [*sorted(cores), *cores]
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="throughput-")))
        os.sched_setaffinity(0, {first})  # what is started now inherits it
        self.portkey = stack.enter_context(running_portkey(notes=self._folder / "gateway-notes.jsonl"))
        os.sched_setaffinity(0, {second})
        self.issuer = stack.enter_context(Issuer())
        self.provider_url = f"http://127.0.0.1:{stack.enter_context(fixed_provider(self._folder))}"
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

        def is_idle() -> bool:
            status = pair.status
            return status.usage.lag_bytes == 0 and status.quotas.in_flight == 0

        return Target(pair.edge.settings.listen_port, headers or tokens(self.issuer), pids, is_idle)


def described(name: str, target: Target) -> str:
    parts = ", ".join(f"{part} {cost:.3f}" for part, cost in target.milliseconds.items())
    rate, busy = median(target.rates), median(target.busy)
    return f"{name:<16} {rate:7.0f} requests/s, Portkey's core {busy:.0%} busy; CPU ms a request: {parts}"


def compare(rounds: int, requests: int, say: Callable[[str], None]) -> dict[str, float]:
    """The ratios to bare Portkey, by capacity."""
    with Bench() as bench:
        free = policy(bench.provider_url, [], lane="portkey")
        quota = policy(bench.provider_url, TEAM_QUOTAS, lane="portkey")
        direct = policy(bench.provider_url, [])
        direct_quota = policy(bench.provider_url, TEAM_QUOTAS)
        targets = {
            "bare Portkey": bench.bare(free),
            "edge": bench.behind(bench.pair("free", free)),
            "edge, 3 quotas": bench.behind(under := bench.pair("quota", quota)),
            "express": bench.behind(bench.pair("express", direct)),
            "express, 3 quotas": bench.behind(express_under := bench.pair("express-quota", direct_quota)),
        }
        measure(targets, rounds, requests)
        for each in (under, express_under):
            assert each.status.quotas.granted >= 2 * rounds * requests, "the quotas were not asked"
    ratios: dict[str, float] = {}
    for name, target in targets.items():
        ratios[name], by_clock = ratio(target, targets["bare Portkey"])
        say(described(name, target))
        say(f"{'':<16} {ratios[name]:.3f} of bare Portkey by capacity, {by_clock:.3f} by the clock")
    return ratios


def main() -> int:
    rounds, requests = (int(each) for each in [*sys.argv[1:], "9", "3000"][:2])
    ratios = compare(rounds, requests, lambda line: print(line, flush=True))
    print(json.dumps(ratios))
    return 0


if __name__ == "__main__":
    sys.exit(main())
