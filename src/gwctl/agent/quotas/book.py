"""Every reservation of this agent, over all quotas at once. No I/O, no waiting: whoever calls it drives it.

In: `reserve`, `settle`, `cancel`, new quotas, answers of the ledger, the passing of time (`tick`). Out: reservations
and refusals, at once or later through `Waiter.decide`; and through `step` the writes that the ledger shall get.

    reserve ─► leases in hand cover it ─► Reservation                  (no write, no waiting)
            └► they do not ─► Waiter ─► step: one write a window leases for all who wait ─► answered ─► step: decided
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile

from gwctl.agent.quotas.coverage import Cover, Coverage
from gwctl.agent.quotas.holding import Holding
from gwctl.agent.quotas.meter import Meter
from gwctl.agent.quotas.requests import (
    Amounts,
    Counters,
    Reason,
    RecentIds,
    Refusal,
    Reservation,
    Settlement,
    check_amounts,
)
from gwctl.agent.quotas.settings import Clock, QuotaSettings
from gwctl.agent.quotas.waiting import Decision, Line, Waiter
from gwctl.agent.quotas.writes import Writes
from gwctl.ledger.quotas.store import Outcome, Swap, WindowKey, WindowState
from gwctl.policy.snapshot import Quota


class QuotaBook:
    """See the module. `writer` names this process: it must differ from run to run.

    Not to be shared between threads.
    """

    def __init__(self, agent: str, writer: str, settings: QuotaSettings, clock: Clock) -> None:
        self.counters = Counters()
        self.writes = Writes(agent, writer, settings, clock, self.counters)
        self.position = -1
        """The last line of the usage log that was settled."""
        self.on_aged: Callable[[str], None] = lambda _: None
        """Is told the id of a request that was settled at its bound because it never appeared in the usage log."""
        self.suspended = False
        """Quotas that block refuse everything, as `unavailable`."""
        self._settings = settings
        self._wall = clock.wall
        self._mono = clock.mono
        self._coverage = Coverage(settings)
        self._reservations: dict[str, Reservation] = {}
        self._recent = RecentIds()
        self._line = Line()
        self._to_serve: dict[Meter, None] = {}

    def set_quotas(self, quotas: Mapping[str, Quota]) -> None:
        """Puts other quotas in force. Whoever waits now waits for these."""
        for meter in self._coverage.replace(quotas):
            self.writes.leave(meter)
        for waiter in self._line.everybody():
            self._line.leave(waiter)
            waiter.cover = self._coverage.of(waiter.scopes)
            self._line.join(waiter)
            self._reconsider(waiter)

    def reserve(
        self, request_id: str, scopes: tuple[str, ...], bounds: Amounts, until: float = math.inf
    ) -> Reservation | Refusal | Waiter:
        """Takes the bounds out of every quota that covers the scopes, or out of none.

        A `Waiter` is decided by later calls of `step` and `tick`: at the latest after the wait bound, or when the
        monotonic clock says `until`. The same id again gives the same reservation. ValueError for absurd bounds.
        """
        known = self._reservations.get(request_id) or self._line.get(request_id)
        if known is not None:
            return known
        check_amounts(bounds, "a bound")
        cover = self._coverage.of(scopes)
        wall = self._wall()
        for meter in cover.blocking:
            if not meter.good_from <= wall < meter.good_until:
                self.writes.enter(meter, wall)
            if bounds[meter.unit] > meter.holding.free or wall >= meter.good_until or self._full:
                return self._line_up(Waiter(request_id, scopes, bounds, cover, self._mono(), until))
        return self._grant(request_id, cover, bounds, wall)

    def settle(self, settlement: Settlement) -> None:
        """Replaces a reservation by what the request did cost; the difference is free again.

        Repeating it changes nothing. ValueError for absurd costs; then nothing was changed.
        """
        check_amounts(settlement.actual, "a cost")
        windows = settlement.windows()
        request_id, position = settlement.request_id, settlement.position
        if position <= self.position or request_id in self._recent:
            self.counters.duplicates += 1
            self.position = max(self.position, position)
            return
        self.position = position
        self.counters.settled += 1
        self._stop_waiting(request_id)
        reservation = self._reservations.pop(request_id, None)
        if reservation is not None:
            self._end(reservation, settlement.actual, position)
        elif any(settlement.actual.values()):
            self._replay(settlement, windows)
        self._recent.add(request_id)

    def cancel(self, request_id: str) -> None:
        """The request did not go on and cost nothing. Unknown ids are none of our business."""
        self._stop_waiting(request_id)
        reservation = self._reservations.pop(request_id, None)
        if reservation is not None:
            self._end(reservation, None, None)

    def tick(self) -> None:
        """Does what time alone brings about. To be called some twenty times a second, and then `step`."""
        now, wall = self._mono(), self._wall()
        for meter in list(self._line.crowded):
            if not meter.good_from <= wall < meter.good_until:
                self.writes.enter(meter, wall)
                self._to_serve[meter] = None
            self.writes.hurry(meter.holding, awaited=True)
        for waiter in self._line.overdue(now):
            self._reconsider(waiter, final=True)
        self.writes.scan()
        self._age(now)

    def step(self) -> list[tuple[Holding, Swap]]:
        """Decides who can be decided. Returns the writes that the ledger is to get now.

        Give each holding to `answered` or `failed`, and then call `step` again.
        """
        for meter in list(self._to_serve):
            for waiter in list(meter.line.values()):
                self._reconsider(waiter)
        self._to_serve.clear()
        return self.writes.next()

    def answered(self, holding: Holding, outcome: Outcome) -> None:
        """The ledger's answer to a write."""
        meter = self.writes.answered(holding, outcome)
        if meter is not None:
            self._to_serve[meter] = None

    def failed(self, holding: Holding) -> None:
        """The ledger gave no answer to a write. It is repeated."""
        self.writes.failed(holding)
        meter = self.writes.meter_of(holding)
        if meter is not None:
            self._to_serve[meter] = None

    def recovery_keys(self) -> list[WindowKey]:
        """The windows in which a former life of this agent may have left a lease."""
        return list(self._coverage.keys(self._wall()))

    def recover(self, states: Mapping[WindowKey, WindowState]) -> None:
        """Takes over what a former life left; `states` are the recovery keys' windows, read from the ledger."""
        for key, state in states.items():
            self.writes.recover(key, state)

    @property
    def flushed(self) -> int:
        """Every line of the usage log up to this position is in the ledger: the checkpoint may move there.

        While it lags far behind `position` nothing more should be settled: what it lags behind by is in memory.
        """
        return self.writes.flushed(self.position)

    @property
    def has_work(self) -> bool:
        """Whether `step` has something to do."""
        return bool(self._to_serve) or self.writes.has_work

    @property
    def in_flight(self) -> int:
        """How many reservations there are."""
        return len(self._reservations)

    @property
    def _full(self) -> bool:
        return self.suspended or self.writes.stopping or len(self._reservations) >= self._settings.max_reservations

    def _grant(self, request_id: str, cover: Cover, bounds: Amounts, wall: float) -> Reservation:
        holds: list[tuple[Holding, int]] = []
        if self._full and not cover.blocking:
            return Reservation(request_id, holds, bounds, self._mono())  # counted when its line is in the log
        for meter in cover.blocking:
            bound = bounds[meter.unit]
            holding = meter.holding
            holding.take(bound)
            if holding.free < holding.low:
                self.writes.hurry(holding)
            holds.append((holding, bound))
        shadow: str | None = None
        for meter in cover.counting:
            if not meter.good_from <= wall < meter.good_until:
                self.writes.enter(meter, wall)
            if meter.quota.action == "shadow" and meter.verdict(bounds[meter.unit], 0) is not None:
                self.counters.would_refuse += 1
                shadow = shadow or meter.id
            meter.holding.take(0)
            holds.append((meter.holding, 0))
        self.counters.granted += 1
        reservation = Reservation(request_id, holds, bounds, self._mono(), shadow)
        if holds:
            self._reservations[request_id] = reservation
        return reservation

    def _line_up(self, waiter: Waiter) -> Reservation | Refusal | Waiter:
        waiter.until = min(waiter.until, waiter.since + self._settings.wait)
        for meter in waiter.cover.blocking:
            meter.largest = max(meter.largest, waiter.bounds[meter.unit])
        decision = self._decision(waiter, final=waiter.since >= waiter.until)
        if decision is None and len(self._line) >= self._settings.max_waiters:
            decision = self._refuse(waiter.cover.blocking[0], "unavailable", self._wall())
        if decision is not None:
            return decision
        self._line.join(waiter)
        for meter in waiter.cover.blocking:
            self.writes.hurry(meter.holding, awaited=True)
        return waiter

    def _reconsider(self, waiter: Waiter, *, final: bool = False) -> None:
        decision = self._decision(waiter, final=final)
        if decision is not None:
            self._line.leave(waiter)
            waiter.decide(decision)

    def _decision(self, waiter: Waiter, *, final: bool) -> Decision | None:
        """A reservation if everything fits, a refusal if something never will or time is up; else None."""
        wall, now = self._wall(), self._mono()
        lacking: list[Meter] = []
        for meter in waiter.cover.blocking:
            if not meter.good_from <= wall < meter.good_until:
                self.writes.enter(meter, wall)
            if not meter.fits(waiter.bounds[meter.unit], wall):
                lacking.append(meter)
        if self._full and waiter.cover.blocking:
            return self._refuse(waiter.cover.blocking[0], "unavailable", wall)
        if not lacking:
            return self._grant(waiter.request_id, waiter.cover, waiter.bounds, wall)
        refusing: list[tuple[Meter, Reason]] = []
        for meter in lacking:
            reason = meter.verdict(waiter.bounds[meter.unit], now)
            if reason is not None:
                refusing.append((meter, reason))
        if final and not refusing:
            refusing = [(meter, meter.verdict_after_waiting(waiter, now)) for meter in lacking]
        if not refusing:
            return None
        # Of several, the one that resets last: before that, trying again is of no use.
        meter, reason = max(refusing, key=lambda found: found[0].window.end)
        return self._refuse(meter, reason, wall)

    def _refuse(self, meter: Meter, reason: Reason, wall: float) -> Refusal:
        self.counters.refused(reason)
        if reason == "exhausted":
            self.writes.notify(meter, used_up=True)
        return meter.refusal(reason, wall)

    def _stop_waiting(self, request_id: str) -> None:
        """The request has ended: whoever still waits for it is refused."""
        waiter = self._line.get(request_id)
        if waiter is not None:
            self._line.leave(waiter)
            waiter.decide(waiter.cover.blocking[0].refusal("reserved", self._wall()))

    def _end(self, reservation: Reservation, actual: Amounts | None, position: int | None) -> None:
        for holding, bound in reservation.holds:
            holding.release(bound)
            if actual is not None:
                holding.spend(actual[holding.key.unit], position)
            meter = self.writes.meter_of(holding)
            if meter is not None and meter.line:
                self._to_serve[meter] = None

    def _replay(self, settlement: Settlement, windows: Sequence[WindowKey] | None) -> None:
        """Settles a request that this process did not reserve: from before a restart, or under no blocking quota."""
        self.counters.settled_unknown += 1
        if windows is None:
            cover = self._coverage.of(settlement.scopes)
            windows = [meter.key_at(settlement.started)[0] for meter in (*cover.blocking, *cover.counting)]
        for key in windows:
            self.writes.holding(key).spend_replayed(settlement.actual[key.unit], settlement.position)

    def _age(self, now: float) -> None:
        """Settles at their bound the reservations whose request never ended, so that they do not leak for ever."""
        made_by = now - self._settings.max_age
        old = list(takewhile(lambda reservation: reservation.at <= made_by, self._reservations.values()))
        self._settle_at_bound(old)
        for reservation in old:
            self.on_aged(reservation.request_id)

    def settle_lost(self, is_lost: Callable[[object], bool]) -> list[Reservation]:
        """Settles at their bound all reservations of whose note that is true; returns them."""
        lost = [reservation for reservation in self._reservations.values() if is_lost(reservation.note)]
        self._settle_at_bound(lost)
        return lost

    def _settle_at_bound(self, reservations: Iterable[Reservation]) -> None:
        for reservation in reservations:
            del self._reservations[reservation.request_id]
            self.counters.aged += 1
            self._end(reservation, reservation.bounds, None)
            self._recent.add(reservation.request_id)
