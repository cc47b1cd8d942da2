"""Agents on one ledger, driven step by step: time passes when the test says so, writes are sent when it says so.

In: a `QuotaStore`, quotas. Out: `Fleet`, its `Clock`, and `SimAgent`: a quota book with the things around it that
outlive a crash: its usage log and the checkpoint.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

from gwctl.ledger.quotas.book import QuotaBook
from gwctl.ledger.quotas.lease import AgentLease
from gwctl.ledger.quotas.reservation import Amounts, Refusal, Reservation, Settlement
from gwctl.ledger.quotas.settings import Clock, QuotaSettings
from gwctl.ledger.quotas.store import EMPTY, QuotaStore, StoreUnavailable, Swap, WindowKey, WindowState
from gwctl.ledger.quotas.waiting import Waiter
from gwctl.ledger.quotas.writes import LedgerWrites
from gwctl.policy.snapshot import Quota

NOON = 1_795_262_400.0  # 2026-11-21T12:00:00Z
SCOPES = ("gateway", "team:acme", "client:bot")


def quota(limit: int, unit: str = "nano_usd", period: str = "month", scope: str = "team:acme", **more: object) -> Quota:
    """A quota of the policy snapshot."""
    fields = {"timezone": "UTC", "action": "block", "notify_at": (80, 100)} | more
    return Quota.model_validate({"scope": scope, "unit": unit, "limit": limit, "period": period, **fields})


def amounts(nano_usd: int = 0, tokens: int = 0, requests: int = 1) -> Amounts:
    """Bounds or costs of a request."""
    return {"nano_usd": nano_usd, "tokens": tokens, "requests": requests}


@dataclass
class FakeTime:
    """Both clocks, moved by hand. `set_wall` moves the wall clock alone, as an operator or NTP would."""

    wall: float = NOON
    mono: float = 1000.0

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.wall, mono=lambda: self.mono)

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds


@dataclass
class InFlight:
    """A write on its way: to the ledger, or its answer back."""

    book: QuotaBook
    lease: AgentLease
    swap: Swap


class SimAgent:
    """An agent that can crash. Its log and checkpoint survive; its book does not."""

    def __init__(self, fleet: "Fleet", name: str) -> None:
        self.fleet = fleet
        self.name = name
        self.log: list[Settlement] = []
        self.checkpoint = -1
        self.lives = 0
        self.ids = count()
        self.on_way: list[InFlight] = []
        self.journal: dict[str, tuple[Reservation, float]] = {}
        """Requests that went on and have not ended, and when they were reserved."""
        self._be_born()

    def _be_born(self) -> None:
        self.lives += 1
        settings, clock = self.fleet.settings, self.fleet.time.clock()
        self.writes = LedgerWrites(self.name, f"{self.name}-{self.lives}", settings, clock)
        self.book = QuotaBook(self.writes, settings, clock)
        self.book.set_quotas(self.fleet.quotas)
        self.book.on_ended = self._ended

    def restart(self) -> None:
        """A crash and a new life: everything in memory is lost, the log is read again from the checkpoint."""
        self.on_way.clear()
        self._be_born()
        self.writes.recover(self.fleet.store.read(self.book.recovery_keys()))
        for line in self.log[self.checkpoint + 1 :]:
            self.book.settle(line)

    def restart_with_journal(self) -> None:
        """As `restart`, and it knows what is in flight: nothing else is held."""
        self.on_way.clear()
        self._be_born()
        known = [(each, [(lease.key, bound) for lease, bound in each.parts], at) for each, at in self.journal.values()]
        keys = [*self.book.recovery_keys(), *(key for _, parts, _ in known for key, _ in parts)]
        self.writes.recover(self.fleet.store.read(keys))
        for reservation, parts, at in known:
            age = self.fleet.time.wall - at
            self.book.restore(reservation.request_id, parts, reservation.bounds, age, reservation.note)
        for line in self.log[self.checkpoint + 1 :]:
            self.book.settle(line)
        self.writes.release_held()

    def _ended(self, request_id: str) -> None:
        self.journal.pop(request_id, None)

    def _noted(self, decision: Reservation | Refusal) -> None:
        if isinstance(decision, Reservation):
            self.journal[decision.request_id] = (decision, self.fleet.time.wall)

    def reserve(
        self, nano_usd: int = 0, tokens: int = 0, *, scopes: tuple[str, ...] = SCOPES, request_id: str = ""
    ) -> Reservation | Refusal | Waiter:
        """Reserves without letting anything else happen."""
        request_id = request_id or f"{self.name}-{next(self.ids)}"
        answer = self.book.reserve(request_id, scopes, amounts(nano_usd, tokens))
        if not isinstance(answer, Waiter):
            self._noted(answer)
        elif not answer.callbacks:
            answer.callbacks.append(self._noted)
        return answer

    def ask(
        self, nano_usd: int = 0, tokens: int = 0, *, scopes: tuple[str, ...] = SCOPES, request_id: str = ""
    ) -> Reservation | Refusal | Waiter:
        """Reserves and lets the ledger answer; a waiter that still waits comes back as such."""
        answer = self.reserve(nano_usd, tokens, scopes=scopes, request_id=request_id)
        self.work()
        return (answer.decision or answer) if isinstance(answer, Waiter) else answer

    def granted(self, nano_usd: int = 0, tokens: int = 0) -> Reservation:
        """Asks for what must be granted."""
        answer = self.ask(nano_usd, tokens)
        assert isinstance(answer, Reservation), answer
        return answer

    def refused(self, nano_usd: int = 0, tokens: int = 0) -> Refusal:
        """Asks for what must be refused without waiting."""
        answer = self.ask(nano_usd, tokens)
        assert isinstance(answer, Refusal), answer
        return answer

    def waiting(self, nano_usd: int = 0, tokens: int = 0) -> Waiter:
        """Asks for what must wait, and lets nothing else happen."""
        answer = self.reserve(nano_usd, tokens)
        assert isinstance(answer, Waiter), answer
        return answer

    def end(
        self, reservation: Reservation, nano_usd: int = 0, tokens: int = 0, *, requests: int = 1, receipt: bool = True
    ) -> Settlement:
        """The request ends: its line is in the log. It is not settled yet."""
        line = Settlement(
            reservation.request_id,
            amounts(nano_usd, tokens, requests),
            position=len(self.log),
            receipt=reservation.receipt if receipt else "",
            scopes=SCOPES,
            started=self.fleet.time.wall,
        )
        self.log.append(line)
        return line

    def settle(self, reservation: Reservation, nano_usd: int = 0, tokens: int = 0, *, requests: int = 1) -> None:
        """The request ends and is settled."""
        self.book.settle(self.end(reservation, nano_usd, tokens, requests=requests))

    def work(self) -> None:
        """Sends writes and takes in their answers until there is nothing more to do."""
        while writes := self.book.step():
            for lease, swap in writes:
                try:
                    self.book.answered(lease, self.fleet.store.swap(swap))
                except StoreUnavailable:
                    self.book.failed(lease)

    def commit(self) -> None:
        """Moves the checkpoint as far as it may."""
        self.checkpoint = max(self.checkpoint, self.book.flushed)


@dataclass
class Fleet:
    """Agents that share a ledger and a clock."""

    store: QuotaStore
    quotas: Mapping[str, Quota]
    settings: QuotaSettings = field(default_factory=QuotaSettings)
    time: FakeTime = field(default_factory=FakeTime)
    agents: list[SimAgent] = field(default_factory=list)

    def agent(self, name: str = "") -> SimAgent:
        """One more agent."""
        agent = SimAgent(self, name or f"agent-{len(self.agents)}")
        self.agents.append(agent)
        return agent

    def pass_by(self, seconds: float, step: float = 0.05) -> None:
        """Lets time pass for all agents, in small steps, with a ledger that answers at once."""
        for _ in range(round(seconds / step)):
            self.time.pass_by(step)
            for agent in self.agents:
                agent.book.tick()
                agent.work()

    def set_quotas(self, quotas: Mapping[str, Quota]) -> None:
        """Another policy snapshot reaches everybody."""
        self.quotas = quotas
        for agent in self.agents:
            agent.book.set_quotas(quotas)

    def state(self, key: WindowKey) -> WindowState:
        """The window as the ledger has it."""
        return self.store.read([key]).get(key, EMPTY)

    def states(self, keys: Iterable[WindowKey]) -> Mapping[WindowKey, WindowState]:
        """Several windows as the ledger has them."""
        return self.store.read(keys)


@dataclass
class Flight:
    """A request that went on to the provider."""

    agent: SimAgent
    life: int
    reservation: Reservation
    bound: int

    @property
    def keys(self) -> list[WindowKey]:
        return [WindowKey.parse(part) for part in self.reservation.receipt.split(",")]


@dataclass
class Ghost:
    """A write that nobody waits for any more, and that may reach the ledger all the same."""

    swap: Swap
    sent: float
