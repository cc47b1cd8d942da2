"""One quota, as this agent sees it now: how much to lease or to give back, and when the answer is no.

In: the quota, the holding on its current window, who waits, how fast bounds are handed out. Out: the amount of the
next write, and verdicts. No I/O; times are passed in, `now` on the monotonic clock, `wall` since the epoch.
"""

import math
from collections.abc import Iterable

from gwctl.agent.quotas.holding import Holding
from gwctl.agent.quotas.requests import Reason, Refusal
from gwctl.agent.quotas.settings import QuotaSettings
from gwctl.agent.quotas.waiting import Waiter
from gwctl.ledger.quotas.scopes import Unit
from gwctl.ledger.quotas.store import WindowKey
from gwctl.ledger.quotas.windows import Window, window_at
from gwctl.policy.snapshot import Quota

NOWHERE = Window("", math.inf, -math.inf)

BURN_SECONDS = 1.0
IDLE_SECONDS = 0.5
LARGEST_SECONDS = 10.0
"""Over so long the burn rate is averaged; a quota is idle after; and the largest bound is forgotten."""

RESERVED_RETRY_SECONDS = 5
UNAVAILABLE_RETRY_SECONDS = 2


class Meter:
    """See the module. `enter` must have been called before anything else."""

    __slots__ = (
        "_burn_at",
        "_rate",
        "_settings",
        "_taken_at",
        "good_from",
        "good_until",
        "holding",
        "id",
        "largest",
        "line",
        "quota",
        "tight",
        "unit",
        "window",
    )

    holding: Holding

    def __init__(self, quota_id: str, quota: Quota, settings: QuotaSettings) -> None:
        self.id = quota_id
        self.quota = quota
        self.unit: Unit = quota.unit
        self.window = NOWHERE
        self.good_from = math.inf
        self.good_until = -math.inf
        """The holding is good from … until …, since the epoch: its window, or less if the lease expires before."""
        self.line: dict[str, Waiter] = {}
        self.largest = 0
        """The largest bound of late."""
        self.tight = False
        """The quota is nearly used up: lease just what is asked, give back at once what is idle."""
        self._settings = settings
        self._rate = 0.0
        self._burn_at = 0.0
        self._taken_at = 0.0

    def key_at(self, wall: float) -> tuple[WindowKey, Window]:
        """The window of a moment."""
        window = window_at(self.quota.period, self.quota.timezone, wall)
        return WindowKey(self.id, self.unit, window.id), window

    def enter(self, window: Window, holding: Holding) -> None:
        """Counts in another window from now on."""
        self.window = window
        self.holding = holding
        self.refresh()

    def refresh(self) -> None:
        """Takes note that the holding's lease was written."""
        self.good_from = self.window.start
        self.good_until = min(self.window.end, self.holding.usable_until)

    def fits(self, bound: int, wall: float) -> bool:
        """Whether the lease in hand covers `bound`."""
        return not bound or (bound <= self.holding.free and self.good_from <= wall < self.good_until)

    def verdict(self, bound: int, now: float) -> Reason | None:
        """Why `bound` can never fit, or not before the reset; None if it may come to fit while it waits."""
        if bound > self.quota.limit:
            return "too_large"
        if self.holding.settled_floor + bound > self.quota.limit:
            return "exhausted"
        failing_since = self.holding.failing_since
        if self.holding.fenced or (failing_since is not None and now - failing_since >= self._settings.wait):
            return "unavailable"
        return None

    def verdict_after_waiting(self, waiter: Waiter, now: float) -> Reason:
        """Why a request that waits for this quota is refused when its time is up."""
        bound = waiter.bounds[self.unit]
        # There was room and no lease came of it in time: the ledger is slow, and nothing is known against the request.
        too_slow = self.holding.answered_at < waiter.since or not self.stuck(bound)
        return self.verdict(bound, now) or ("unavailable" if too_slow else "reserved")

    def refusal(self, reason: Reason, wall: float) -> Refusal:
        """The answer for the client."""
        resets_at = self.window.end if math.isfinite(self.window.end) else None
        until_reset = None if resets_at is None else max(1, math.ceil(resets_at - wall))
        retry_after = {
            "exhausted": until_reset,
            "reserved": min(RESERVED_RETRY_SECONDS, until_reset or RESERVED_RETRY_SECONDS),
            "too_large": None,
            "unavailable": UNAVAILABLE_RETRY_SECONDS,
        }[reason]
        quota = self.quota
        return Refusal(reason, self.id, quota.scope, quota.unit, quota.limit, quota.period, resets_at, retry_after)

    def measure(self, now: float) -> bool:
        """Works out the burn rate, an average over the last second or so. True: the quota lies idle."""
        since = now - self._burn_at
        taken, self.holding.taken = self.holding.taken, 0
        self._burn_at = now
        if taken:
            self._taken_at = now
        idle = now - self._taken_at >= IDLE_SECONDS
        if idle:
            self._rate = 0.0
        elif since > 0:
            self._rate += (taken / since - self._rate) * (1 - math.exp(-since / BURN_SECONDS))
        self.largest = int(self.largest * math.exp(-since / LARGEST_SECONDS))
        return idle

    def amount(self, now: float, *, due: bool) -> int:
        """What the next write should lease (positive) or give back (negative). `due`: there will be one anyway."""
        holding = self.holding
        if self.quota.action != "block":
            return min(0, -holding.free)
        room = self.quota.limit - holding.state.committed
        wanted = self._wanted()
        cushion = self._cushion(room)
        holding.low = cushion // 2
        missing = sum(wanted) + cushion - holding.free
        if missing <= room:
            # A write for the cushion alone can wait until half of it is used up.
            worth_it = due or missing > cushion or holding.free < holding.low
            return missing if worth_it else min(missing, 0)
        # Not all of it is to be had: whoever fits, in order of arrival, and no cushion.
        usable = _first_fit(wanted, room + holding.free)
        if usable != holding.free:
            # Less than is free: kept, the rest would be of use to nobody, while other agents' requests wait for it.
            return usable - holding.free
        # Others give back all the time, so try for the smallest now and then.
        lacking = [bound for bound in wanted if bound > holding.free]
        return min(lacking) - holding.free if lacking and self.wants_news(now) else 0

    def wants_news(self, now: float) -> bool:
        """Whether somebody waits for this quota, and it is time to look whether others gave something back.

        The more agents there are the more seldom each of them looks, so that together they do not crowd the ledger.
        """
        agents = len(self.holding.state.leases)
        pause = min(self._settings.probe * (1 + agents / 4), self._settings.wait / 3)
        if now < self.holding.answered_at + pause:
            return False
        return any(waiter.bounds[self.unit] > self.holding.free for waiter in self.line.values())

    def stuck(self, bound: int) -> bool:
        """Whether `bound` cannot be had, as far as is known."""
        free = self.holding.free
        return bound > free and self.quota.limit - self.holding.state.committed + free < bound

    def _wanted(self) -> list[int]:
        """The bounds of who waits, in order of arrival.

        Without those that another quota holds up: to lease for them would keep the money from other agents' requests.
        """
        return [
            waiter.bounds[self.unit]
            for waiter in self.line.values()
            if not any(other is not self and other.stuck(waiter.bounds[other.unit]) for other in waiter.cover.blocking)
        ]

    def _cushion(self, room: int) -> int:
        """How much to hold beyond what is asked: some seconds' worth, within a fair share of half of what is left."""
        holders = sum(1 for lease in self.holding.state.leases.values() if lease.outstanding)
        share = (room + self.holding.free) // (2 * max(1, holders))
        wish = int(self._rate * self._settings.horizon)
        self.tight = share < max(wish, self.largest)
        size = min(wish, share)
        return size if size >= self.largest else 0


def _first_fit(bounds: Iterable[int], available: int) -> int:
    total = 0
    for bound in bounds:
        if total + bound <= available:
            total += bound
    return total
