"""Every reservation of this agent, over all quotas at once. No I/O, no waiting: whoever calls it drives it.

In: `reserve`, `settle`, `cancel`, new quotas, answers of the ledger, the passing of time (`tick`). Out: reservations
and refusals, at once or later through `Waiter.decide`; and through `step` the writes that the ledger shall get.

    reserve ─► leases in hand cover it ─► Reservation                  (no write, no waiting)
            └► they do not ─► Waiter ─► step: one write a window leases for all who wait ─► answered ─► step: decided

The worked example of `gwctl.ledger.quotas`: if a quota of ten requests a minute covers A's first request too, $0.40 and
1 request are reserved together or not at all. When its line is read, $0.03 and 1 request are settled, and the next
`step` gives $0.20 of the $0.37 to the one that waited. The same line read again after a crash changes nothing.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile

from gwctl.ledger.quotas.lease import AgentLease
from gwctl.ledger.quotas.quota import AgentQuota, Cover, QuotasInForce
from gwctl.ledger.quotas.reservation import Amounts, Decision, Reason, RecentIds, Reservation, Settlement, check_amounts
from gwctl.ledger.quotas.settings import Clock, QuotaSettings
from gwctl.ledger.quotas.store import Outcome, Swap, WindowKey
from gwctl.ledger.quotas.waiting import Line, Waiter
from gwctl.ledger.quotas.writes import LedgerWrites
from gwctl.policy.snapshot import Quota


class QuotaBook:
    """See the module. `writes` has the leases. Not to be shared between threads."""

    def __init__(self, writes: LedgerWrites, settings: QuotaSettings, clock: Clock) -> None:
        self.counters = writes.counters
        self.position = -1
        """The last line of the usage log that was settled."""
        self.on_aged: Callable[[str], None] = lambda _: None
        """Is told the id of a request that was settled at its bound because it never appeared in the usage log."""
        self.on_ended: Callable[[str], None] = lambda _: None
        """Is told the id of a reservation that was settled or cancelled."""
        self.suspended = False
        """Quotas that block refuse everything, as `unavailable`."""
        self._writes = writes
        self._settings = settings
        self._wall = clock.wall
        self._mono = clock.mono
        self._quotas = QuotasInForce(settings)
        self._reservations: dict[str, Reservation] = {}
        self._recent = RecentIds()
        self._line = Line()
        self._to_serve: dict[AgentQuota, None] = {}

    def set_quotas(self, rules: Mapping[str, Quota]) -> None:
        """Puts other quotas in force. Whoever waits now waits for these."""
        for quota in self._quotas.replace(rules):
            self._writes.leave(quota)
        for waiter in self._line:
            self._line.leave(waiter)
            waiter.cover = self._quotas.cover(waiter.scopes)
            self._line.join(waiter)
            self._reconsider(waiter)

    def reserve(
        self, request_id: str, scopes: tuple[str, ...], bounds: Amounts, until: float = math.inf
    ) -> Decision | Waiter:
        """Takes the bounds out of every quota that covers the scopes, or out of none.

        A `Waiter` is decided by later calls of `step` and `tick`: at the latest after the wait bound, or when the
        monotonic clock says `until`. The same id again gives the same reservation. ValueError for absurd bounds.
        """
        if (known := self._reservations.get(request_id) or self._line.get(request_id)) is not None:
            return known
        check_amounts(bounds, "a bound")
        cover = self._quotas.cover(scopes)
        wall = self._wall()
        for quota in cover.blocking:
            if not quota.good_from <= wall < quota.good_until:
                self._writes.enter(quota, wall)
            if bounds[quota.unit] > quota.lease.free or wall >= quota.good_until or self._full:
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
            self.on_ended(request_id)
        elif any(settlement.actual.values()):
            self._replay(settlement, windows)
        self._recent.add(request_id)

    def cancel(self, request_id: str) -> None:
        """The request did not go on and cost nothing. Unknown ids are none of our business."""
        self._stop_waiting(request_id)
        if (reservation := self._reservations.pop(request_id, None)) is not None:
            self._end(reservation, None, None)
            self.on_ended(request_id)

    def tick(self) -> None:
        """Does what time alone brings about, then comes `step`. While `somebody_waits` some twenty times a second."""
        now, wall = self._mono(), self._wall()
        for quota in self._line.quotas:
            if not quota.good_from <= wall < quota.good_until:
                self._writes.enter(quota, wall)
                self._to_serve[quota] = None
            self._writes.consider(quota.lease, awaited=True)
        for waiter in self._line:
            if now >= waiter.until:
                self._reconsider(waiter, final=True)
        self._writes.scan()
        self._age(now)

    def step(self) -> list[tuple[AgentLease, Swap]]:
        """Decides who can be decided. Returns the writes that the ledger is to get now.

        Give each lease to `answered` or `failed`, and then call `step` again.
        """
        for quota in list(self._to_serve):
            for waiter in self._line.waiters_of(quota):
                self._reconsider(waiter)
        self._to_serve.clear()
        return self._writes.next(self._line.demand)

    def answered(self, lease: AgentLease, outcome: Outcome) -> None:
        """The ledger's answer to a write."""
        self._writes.answered(lease, outcome)
        self._serve(lease)

    def failed(self, lease: AgentLease) -> None:
        """The ledger gave no answer to a write. It is repeated."""
        self._writes.failed(lease)
        self._serve(lease)

    def recovery_keys(self) -> list[WindowKey]:
        """The windows in which a former life may have left a lease, to be given to `writes.recover`."""
        return list(self._quotas.keys(self._wall()))

    def restore(
        self, request_id: str, parts: Iterable[tuple[WindowKey, int]], bounds: Amounts, age: float, note: object
    ) -> None:
        """A request that a former life let go on, and that has not ended. To be called after `writes.recover`."""
        taken = [(self._writes.lease(key).take_again(bound), bound) for key, bound in parts]
        self._reservations[request_id] = reservation = Reservation(request_id, taken, bounds, self._mono() - age)
        reservation.note = note

    @property
    def reservations(self) -> list[Reservation]:
        """All that have not ended."""
        return list(self._reservations.values())

    @property
    def flushed(self) -> int:
        """Every line of the usage log up to this position is in the ledger: the checkpoint may move there."""
        return self._writes.flushed(self.position)

    @property
    def has_work(self) -> bool:
        """Whether `step` has something to do."""
        return bool(self._to_serve) or self._writes.has_work

    @property
    def somebody_waits(self) -> bool:
        """Whether a request is in line."""
        return len(self._line) > 0

    @property
    def in_flight(self) -> int:
        """How many reservations there are."""
        return len(self._reservations)

    @property
    def _full(self) -> bool:
        return self.suspended or self._writes.stopping or len(self._reservations) >= self._settings.max_reservations

    def _grant(self, request_id: str, cover: Cover, bounds: Amounts, wall: float) -> Reservation:
        parts: list[tuple[AgentLease, int]] = []
        if self._full and not cover.blocking:
            return Reservation(request_id, parts, bounds, self._mono())  # counted when its line is in the log
        for quota in cover.blocking:
            bound, lease = bounds[quota.unit], quota.lease
            lease.take(bound)
            if lease.free < lease.low:
                self._writes.consider(lease)
            parts.append((lease, bound))
        shadow: str | None = None
        for quota in cover.counting:
            if not quota.good_from <= wall < quota.good_until:
                self._writes.enter(quota, wall)
            if quota.rule.action == "shadow" and quota.verdict(bounds[quota.unit], 0) is not None:
                self.counters.would_refuse += 1
                shadow = shadow or quota.id
            quota.lease.take(0)
            parts.append((quota.lease, 0))
        self.counters.granted += 1
        reservation = Reservation(request_id, parts, bounds, self._mono(), shadow)
        if parts:
            self._reservations[request_id] = reservation
        return reservation

    def _line_up(self, waiter: Waiter) -> Decision | Waiter:
        waiter.until = min(waiter.until, waiter.since + self._settings.wait)
        for quota in waiter.cover.blocking:
            quota.largest = max(quota.largest, waiter.bounds[quota.unit])
        decision = self._decision(waiter, final=waiter.since >= waiter.until)
        if decision is None and len(self._line) >= self._settings.max_waiters:
            decision = self._refuse(waiter.cover.blocking[0], "unavailable", self._wall())
        if decision is not None:
            return decision
        self._line.join(waiter)
        for quota in waiter.cover.blocking:
            self._writes.consider(quota.lease, awaited=True)
        return waiter

    def _reconsider(self, waiter: Waiter, *, final: bool = False) -> None:
        decision = self._decision(waiter, final=final)
        if decision is not None:
            self._line.leave(waiter)
            waiter.decide(decision)

    def _decision(self, waiter: Waiter, *, final: bool) -> Decision | None:
        """A reservation if everything fits, a refusal if something never will or time is up; else None."""
        wall, now, bounds = self._wall(), self._mono(), waiter.bounds
        lacking: list[AgentQuota] = []
        for quota in waiter.cover.blocking:
            if not quota.good_from <= wall < quota.good_until:
                self._writes.enter(quota, wall)
            if not quota.fits(bounds[quota.unit], wall):
                lacking.append(quota)
        if self._full and waiter.cover.blocking:
            return self._refuse(waiter.cover.blocking[0], "unavailable", wall)
        if not lacking:
            return self._grant(waiter.request_id, waiter.cover, bounds, wall)
        refusing: list[tuple[AgentQuota, Reason]] = [
            (quota, reason) for quota in lacking if (reason := quota.verdict(bounds[quota.unit], now)) is not None
        ]
        if not refusing and not final:
            return None
        if not refusing:
            since = waiter.since
            refusing = [(quota, quota.verdict_after_waiting(bounds[quota.unit], since, now)) for quota in lacking]
        # Of several, the one that resets last: before that, trying again is of no use.
        quota, reason = max(refusing, key=lambda found: found[0].window.end)
        return self._refuse(quota, reason, wall)

    def _refuse(self, quota: AgentQuota, reason: Reason, wall: float) -> Decision:
        self.counters.refused(reason)
        if reason == "exhausted":
            self._writes.notify(quota, used_up=True)
        return quota.refusal(reason, wall)

    def _stop_waiting(self, request_id: str) -> None:
        if (waiter := self._line.get(request_id)) is not None:
            self._line.leave(waiter)
            waiter.decide(waiter.cover.blocking[0].refusal("reserved", self._wall()))

    def _end(self, reservation: Reservation, actual: Amounts | None, position: int | None) -> None:
        for lease, bound in reservation.parts:
            lease.release(bound)
            if actual is not None:
                lease.spend(actual[lease.key.unit], position)
            if self.somebody_waits:
                self._serve(lease)

    def _serve(self, lease: AgentLease) -> None:
        """Something has changed for those who wait for this lease's quota: the next `step` looks at them."""
        quota = self._writes.quota_of(lease)
        if quota is not None and self._line.waits_for(quota):
            self._to_serve[quota] = None

    def _replay(self, settlement: Settlement, windows: Sequence[WindowKey] | None) -> None:
        self.counters.settled_unknown += 1
        if windows is None:
            cover = self._quotas.cover(settlement.scopes)
            windows = [quota.key_at(settlement.started)[0] for quota in cover.blocking + cover.counting]
        for key in windows:
            self._writes.lease(key).spend_replayed(settlement.actual[key.unit], settlement.position)

    def _age(self, now: float) -> None:
        """Settles at their bound the reservations whose request never ended, so that they do not leak for ever."""
        made_by = now - self._settings.max_age
        for reservation in list(takewhile(lambda each: each.at <= made_by, self._reservations.values())):
            del self._reservations[reservation.request_id]
            self.counters.aged += 1
            self._end(reservation, reservation.bounds, None)
            self._recent.add(reservation.request_id)
            self.on_ended(reservation.request_id)
            self.on_aged(reservation.request_id)
