"""Many clients on several quota engines and one ledger, and an observer who knows everything.

In: engines, a limit for each scope, and how clients behave. Out: `Report`: what was admitted, and how many refusals
were false: at every moment of the request's last three seconds what nobody had spent or reserved would have covered it.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gwctl.agent.reserve.engine import QuotaEngine
from gwctl.ledger.quotas.reservation import Refusal, Settlement
from gwctl.ledger.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import QuotaStore
from gwctl.policy.snapshot import Quota
from ledger.driver import amounts

PATIENT = QuotaSettings(wait=4.0)
"""For a machine that is busy with other things: there a write takes a good part of a second."""

LOOK_BACK_SECONDS = 3.0
"""Money that came free later than this before a refusal may still be on its way from another agent."""


@asynccontextmanager
async def running_engines(
    stores: Sequence[QuotaStore], quotas: dict[str, Quota], settings: QuotaSettings = PATIENT
) -> AsyncIterator[list[QuotaEngine]]:
    """An engine for each store, stopped in the end: everything is settled and idle leases are back then."""
    engines = [
        QuotaEngine(store, f"agent-{index}", f"writer-{index}", settings=settings) for index, store in enumerate(stores)
    ]
    for engine in engines:
        engine.set_quotas(quotas)
    keepers = [asyncio.create_task(engine.run()) for engine in engines]
    try:
        yield engines
        stopped = await asyncio.gather(*(engine.stop(10) for engine in engines))
        assert all(stopped), "the ledger did not take everything in time"
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        for engine in engines:
            engine.close()


class Observer:
    """Knows what is spent and reserved in each scope over all agents, at every moment of late."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.limits = limits
        self.spent: Counter[str] = Counter()
        self._reserved: Counter[str] = Counter()
        self._history: dict[str, deque[tuple[float, int]]] = {scope: deque() for scope in limits}
        self._note(tuple(limits))

    def reserve(self, scopes: Sequence[str], bound: int) -> None:
        self._reserved.update(dict.fromkeys(self._limited(scopes), bound))
        self._note(scopes)

    def settle(self, scopes: Sequence[str], bound: int, cost: int) -> None:
        self._reserved.subtract(dict.fromkeys(self._limited(scopes), bound))
        self.spent.update(dict.fromkeys(self._limited(scopes), cost))
        self._note(scopes)

    def covered(self, scopes: Sequence[str], bound: int) -> bool:
        """Whether what is left covers the bound now, in every scope."""
        return all(self._left(scope) >= bound for scope in self._limited(scopes))

    def was_covered(self, scopes: Sequence[str], bound: int) -> bool:
        """Whether it did at every moment of the last three seconds, in every scope."""
        since = time.monotonic() - LOOK_BACK_SECONDS
        return all(self._least_of_late(scope, since) >= bound for scope in self._limited(scopes))

    @property
    def overshoot(self) -> int:
        return sum(max(0, self.spent[scope] - limit) for scope, limit in self.limits.items())

    def _limited(self, scopes: Sequence[str]) -> list[str]:
        return [scope for scope in scopes if scope in self.limits]

    def _left(self, scope: str) -> int:
        return self.limits[scope] - self.spent[scope] - self._reserved[scope]

    def _note(self, scopes: Sequence[str]) -> None:
        now = time.monotonic()
        for scope in self._limited(scopes):
            history = self._history[scope]
            history.append((now, self._left(scope)))
            while history[0][0] < now - 2 * LOOK_BACK_SECONDS:
                history.popleft()

    def _least_of_late(self, scope: str, since: float) -> int:
        before = [left for at, left in self._history[scope] if at <= since][-1:]
        later = [left for at, left in self._history[scope] if at > since]
        return min([*before, *later, self._left(scope)])


@dataclass
class Report:
    observer: Observer
    requests: int = 0
    granted: int = 0
    refused: int = 0
    false_refusals: int = 0
    waited: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        waits = sorted(self.waited)
        at = [f"p{share} {waits[len(waits) * share // 100] * 1000:.1f} ms" for share in (50, 90, 99)]
        use = [f"{scope} {self.observer.spent[scope]}/{limit}" for scope, limit in self.observer.limits.items()]
        return (
            f"{self.requests} requests, {self.granted} granted, {self.refused} refused, {self.false_refusals} falsely; "
            f"overshoot {self.observer.overshoot}; reserve took {', '.join(at)}; spent {', '.join(use)}"
        )


@dataclass
class Load:
    """How clients behave: `clients` at once send `requests` each, of which one takes `seconds` on average."""

    clients: int
    requests: int
    seconds: float
    bounds: Sequence[int]
    scopes: Sequence[tuple[str, ...]]
    """Of which each request has one."""


class Client:
    """Sends requests of random size to random engines, one after the other."""

    def __init__(
        self, engines: Sequence[QuotaEngine], report: Report, load: Load, positions: list[int], n: int
    ) -> None:
        self.engines = engines
        self.report = report
        self.load = load
        self.positions = positions
        self.name = f"client-{n}"
        self.random = random.Random(n)

    async def run(self) -> None:
        for number in range(self.load.requests):
            await self.one(f"{self.name}-{number}")

    async def one(self, request_id: str) -> None:
        bound = self.random.choice(self.load.bounds)
        scopes = self.random.choice(self.load.scopes)
        index = self.random.randrange(len(self.engines))
        observer, report = self.report.observer, self.report
        began = time.monotonic()
        answer = await self.engines[index].reserve(request_id, scopes, amounts(bound))
        report.requests += 1
        report.waited.append(time.monotonic() - began)
        if isinstance(answer, Refusal):
            report.refused += 1
            report.false_refusals += observer.was_covered(scopes, bound)
            return
        report.granted += 1
        observer.reserve(scopes, bound)
        await asyncio.sleep(self.random.random() * 2 * self.load.seconds)  # the provider at work
        cost = self.random.randint(0, bound)
        observer.settle(scopes, bound, cost)
        self.positions[index] += 1
        self.engines[index].settle(Settlement(request_id, amounts(cost), self.positions[index], answer.receipt))


async def hammer(engines: Sequence[QuotaEngine], limits: Mapping[str, int], load: Load) -> Report:
    """Lets the clients loose on the engines; `limits` by scope, in nano-dollars."""
    report = Report(Observer(limits))
    positions = [-1] * len(engines)
    await asyncio.gather(*(Client(engines, report, load, positions, n).run() for n in range(load.clients)))
    return report
