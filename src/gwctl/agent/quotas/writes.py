"""The agent's writes to the ledger: which is next, and what its answer means. No I/O: the engine sends them.

In: holdings that need a write, answers, the passing of time. Out: holdings whose `pending` is to be sent, thresholds
that were passed. At most one write is under way for each window, and it covers all who wait for it.
"""

import logging
import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gwctl.agent.quotas.holding import Holding
from gwctl.agent.quotas.meter import Meter
from gwctl.agent.quotas.requests import Counters
from gwctl.agent.quotas.settings import Clock, QuotaSettings
from gwctl.ledger.quotas.store import Outcome, Swap, WindowKey, WindowState
from gwctl.policy.snapshot import Quota

log = logging.getLogger(__name__)

SCAN_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Notice:
    """A quota's spend passed a threshold, in per cent of its limit. To be told once a window, by one agent."""

    key: WindowKey
    threshold: int
    quota: Quota
    settled: int


class Writes:
    """All holdings of this agent, and the order in which they are written."""

    def __init__(self, agent: str, writer: str, settings: QuotaSettings, clock: Clock, counters: Counters) -> None:
        self._agent = agent
        self._writer = writer
        self._settings = settings
        self._clock = clock
        self._counters = counters
        self._holdings: dict[WindowKey, Holding] = {}
        self._meters: dict[WindowKey, Meter] = {}
        """Whose current window it is."""
        self._made = 0
        self._awaited: OrderedDict[Holding, None] = OrderedDict()
        self._urgent: OrderedDict[Holding, None] = OrderedDict()
        """To be considered in this order: first those for which requests wait."""
        self._in_flight = 0
        self._scan_at = 0.0
        self._notices: list[Notice] = []
        self.stopping = False
        """Lease nothing more, and give back all that is free."""

    def __iter__(self) -> Iterator[Holding]:
        return iter(list(self._holdings.values()))

    def holding(self, key: WindowKey) -> Holding:
        """The holding on a window; a new one if there is none."""
        found = self._holdings.get(key)
        if found is None:
            self._made += 1
            found = self._holdings[key] = Holding(key, self._agent, f"{self._writer}.{self._made}")
        return found

    def enter(self, meter: Meter, wall: float) -> None:
        """Puts a meter into the window of this moment, or looks again whether its lease is good."""
        if wall not in meter.window:
            self.leave(meter)
            key, window = meter.key_at(wall)
            self._meters[key] = meter
            meter.enter(window, self.holding(key))
        else:
            meter.refresh()

    def leave(self, meter: Meter) -> None:
        """The meter's window is over, or its quota is gone: its lease will be given back."""
        key = WindowKey(meter.id, meter.unit, meter.window.id)
        if self._meters.get(key) is meter:
            del self._meters[key]
            self.hurry(meter.holding)

    def meter_of(self, holding: Holding) -> Meter | None:
        """The meter whose current window this is."""
        return self._meters.get(holding.key)

    def hurry(self, holding: Holding, *, awaited: bool = False) -> None:
        """Considers this holding at the next opportunity; before all others if requests wait for it."""
        (self._awaited if awaited else self._urgent)[holding] = None

    @property
    def has_work(self) -> bool:
        """Whether `next` has something to consider."""
        return bool(self._awaited or self._urgent or self._notices)

    @property
    def drained(self) -> bool:
        """Whether the ledger has everything, and nothing idle is leased."""
        return not any(holding.pending or _to_flush(holding) for holding in self if not holding.fenced)

    def next(self) -> list[tuple[Holding, Swap]]:
        """What is to be sent now. Each must be given to `answered` or `failed` later."""
        now, wall = self._clock.mono(), self._clock.wall()
        chosen: list[tuple[Holding, Swap]] = []
        while (queue := self._awaited or self._urgent) and self._in_flight < self._settings.writes_at_once:
            holding, _ = queue.popitem(last=False)
            swap = None if holding.sending else self._prepared(holding, now, wall)
            if swap is not None:
                holding.sending = True
                self._in_flight += 1
                self._counters.writes += 1
                chosen.append((holding, swap))
        return chosen

    def answered(self, holding: Holding, outcome: Outcome) -> Meter | None:
        """Takes in the answer to a write; returns the meter that it concerns."""
        swap = holding.pending
        self._sent(holding)
        holding.failures, holding.failing_since, holding.answered_at = 0, None, self._clock.mono()
        holding.answer(outcome)
        if not outcome.applied:
            self._counters.writes_refused += 1
            holding.flush_at = -math.inf  # it settled nothing: what was spent is due
        meter = self.meter_of(holding)
        if swap is not None and outcome.applied and swap.limit is None and meter and meter.quota.action == "block":
            beyond = min(swap.growth, outcome.state.committed - meter.quota.limit)
            self._counters.add_overshoot(meter.unit, max(0, beyond))
        self._learned(holding)
        return meter

    def failed(self, holding: Holding) -> None:
        """There was no answer: the same write is repeated after a pause."""
        now = self._clock.mono()
        self._sent(holding)
        self._counters.writes_failed += 1
        holding.retry_at = now + min(self._settings.retry_most, self._settings.retry * 2 ** min(holding.failures, 10))
        holding.failures += 1
        holding.failing_since = now if holding.failing_since is None else holding.failing_since

    def recover(self, key: WindowKey, state: WindowState) -> None:
        """Takes over what this agent's former life left in a window, if anything."""
        if not state.lease_of(self._agent).seq:
            return
        holding = self.holding(key)
        holding.learn(state)
        self._learned(holding)

    def release_held(self) -> None:
        """No request of a former life is in flight any more."""
        for holding in self:
            holding.release_held()

    def scan(self) -> None:
        """Looks at every holding a few times a second: what is due, what has grown old, what can be forgotten."""
        now, wall = self._clock.mono(), self._clock.wall()
        if now < self._scan_at:
            return
        self._scan_at = now + SCAN_SECONDS
        for holding in self:
            meter = self.meter_of(holding)
            if meter is not None:
                if meter.measure(now):
                    holding.flush_at = -math.inf
                if wall not in meter.window:
                    self.leave(meter)
            if holding.held and now >= holding.held_since + self._settings.max_age:
                holding.release_held()
            if holding.fenced and holding.dirty:
                self._drop(holding)
            if holding.done and self.meter_of(holding) is None:
                del self._holdings[holding.key]
            elif holding.pending or self._to_renew(holding, wall) or (self._due(holding, now) and _to_flush(holding)):
                self.hurry(holding)

    def flushed(self, position: int) -> int:
        """Up to which position of the usage log the ledger has everything, if all up to `position` was settled."""
        unwritten = [holding.unwritten for holding in self._holdings.values() if holding.unwritten is not None]
        return min([position, *(first - 1 for first in unwritten)])

    def farewells(self) -> list[Swap]:
        """Writes that close every lease with nothing out, for an agent that is leaving for ever."""
        return [
            Swap(
                holding.key, self._agent, holding.lease, replace(holding.lease, seq=holding.lease.seq + 1, closed=True)
            )
            for holding in self
            if holding.lease.seq and holding.done and not holding.fenced
        ]

    def notices(self) -> list[Notice]:
        """Thresholds to be claimed in the ledger; who wins the claim tells the people."""
        notices, self._notices = self._notices, []
        return notices

    def unclaimed(self, notice: Notice) -> None:
        """The ledger did not answer the claim: it is made again with the next write."""
        self.holding(notice.key).claimed.discard(notice.threshold)

    def notify(self, meter: Meter, *, used_up: bool = False) -> None:
        """Claims the thresholds that a window's spend has passed.

        A quota that refuses for want of money (`used_up`) is at its end, though a bound never fits into the last bit;
        unless half of it is left, and it was an outsized request.
        """
        holding, quota = meter.holding, meter.quota
        settled = holding.settled_floor
        for threshold in quota.notify_at:
            passed = settled * 100 >= quota.limit * threshold or (used_up and settled * 2 >= quota.limit)
            if passed and threshold not in holding.state.notified and threshold not in holding.claimed:
                holding.claimed.add(threshold)
                self._notices.append(Notice(holding.key, threshold, quota, settled))

    def _prepared(self, holding: Holding, now: float, wall: float) -> Swap | None:
        """What is to be written now, if anything."""
        if holding.fenced:
            return None
        if holding.pending is not None:
            return holding.pending if now >= holding.retry_at else None
        meter = None if self.stopping else self.meter_of(holding)
        due = self._due(holding, now)
        amount = meter.amount(now, due=due) if meter else min(0, -holding.free)
        needed = amount > 0 or (due and (amount < 0 or holding.dirty)) or self._to_renew(holding, wall)
        if not needed and not (meter and meter.wants_news(now)):
            return None
        if holding.refused and holding.dirty:
            amount = min(amount, 0)  # a refused write settled nothing: this one shall
        pause = self._settings.tight_flush if meter and meter.tight else self._settings.flush
        holding.flush_at = now + pause
        return holding.prepare(amount, meter.quota.limit if meter else 0, int(wall + self._settings.lease))

    def _to_renew(self, holding: Holding, wall: float) -> bool:
        half = self._settings.lease / 2
        return bool(holding.lease.outstanding) and wall >= holding.lease.expires_at - half

    def _due(self, holding: Holding, now: float) -> bool:
        return self.stopping or now >= holding.flush_at

    def _sent(self, holding: Holding) -> None:
        holding.sending = False
        self._in_flight -= 1
        self.hurry(holding)

    def _learned(self, holding: Holding) -> None:
        if holding.held and not holding.held_since:
            holding.held_since = self._clock.mono()
        if holding.fenced:
            log.error(
                "quota %s: agent %s was declared gone, or another process runs under its name; nothing is handed out",
                holding.key,
                self._agent,
            )
        meter = self.meter_of(holding)
        if meter is not None:
            meter.refresh()
            self.notify(meter)

    def _drop(self, holding: Holding) -> None:
        lost = holding.spent - holding.lease.settled
        log.error(
            "quota %s: %d spent by agent %s cannot be counted: its lease is closed", holding.key, lost, self._agent
        )
        self._counters.dropped += 1
        holding.forget_unwritten()


def _to_flush(holding: Holding) -> bool:
    return holding.dirty or holding.free > 0
