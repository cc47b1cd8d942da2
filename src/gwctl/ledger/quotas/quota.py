"""A quota as this agent sees it: how much to lease or to give back, and when the answer is no. Which cover a request.

In: the policy's quotas; of each, the lease on its current window, what is asked of it, and how fast bounds are handed
out. Out: the amount of the next write, and verdicts. No I/O; times are passed in, `now` on the monotonic clock, `wall`
since the epoch.

The worked example of `gwctl.ledger.quotas`: nothing was asked for yet in step 1, so the amount is just the $0.40 that
the request needs. Had A handed out $0.01 a second before, it would lease three seconds' worth more, $0.03 (the
cushion), but never more than its share of half of what is left. In step 3, $0.20 are asked and $0.10 are left: the
amount is 0. In step 4 nobody waits any more and $0.17 are free, less than makes a cushion here: the amount is -$0.17.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gwctl.ledger.quotas.lease import AgentLease
from gwctl.ledger.quotas.reservation import Reason, Refusal
from gwctl.ledger.quotas.scopes import Unit
from gwctl.ledger.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import WindowKey
from gwctl.ledger.quotas.windows import Window, window_at
from gwctl.policy.snapshot import Quota

NO_WINDOW = Window("", math.inf, -math.inf)

BURN_SECONDS = 1.0
IDLE_SECONDS = 0.5
LARGEST_SECONDS = 10.0
"""Over so long the burn rate is averaged; a quota is idle after; and the largest bound is forgotten."""

RESERVED_RETRY_SECONDS = 5
UNAVAILABLE_RETRY_SECONDS = 2

MAX_COVERS = 65_536


class Demand(NamedTuple):
    """The bounds of those who wait for a quota, in order of arrival; of `leasable` no other quota stands in the way."""

    asked: Sequence[int]
    leasable: Sequence[int]


class AgentQuota:
    """See the module. `enter` must have been called before anything else."""

    __slots__ = (
        "_burn_at",
        "_rate",
        "_settings",
        "_taken_at",
        "good_from",
        "good_until",
        "id",
        "largest",
        "lease",
        "rule",
        "tight",
        "unit",
        "window",
    )

    lease: AgentLease

    def __init__(self, quota_id: str, rule: Quota, settings: QuotaSettings) -> None:
        self.id = quota_id
        self.rule = rule
        """What the policy says of it."""
        self.unit: Unit = rule.unit
        self.window = NO_WINDOW
        self.good_from = math.inf
        self.good_until = -math.inf
        """The lease is good from … until …, since the epoch: its window, or less if it expires before."""
        self.largest = 0
        """The largest bound of the last seconds."""
        self.tight = False
        """The quota is nearly used up: lease just what is asked, give back at once what is idle."""
        self._settings = settings
        self._rate = 0.0
        self._burn_at = 0.0
        self._taken_at = 0.0

    def key_at(self, wall: float) -> tuple[WindowKey, Window]:
        """The window of a moment."""
        window = window_at(self.rule.period, self.rule.timezone, wall)
        return WindowKey(self.id, self.unit, window.id), window

    def enter(self, window: Window, lease: AgentLease) -> None:
        """Counts in another window from now on."""
        self.window = window
        self.lease = lease
        self.refresh()

    def refresh(self) -> None:
        """Takes note that the lease was written."""
        self.good_from = self.window.start
        self.good_until = min(self.window.end, self.lease.usable_until)

    def fits(self, bound: int, wall: float) -> bool:
        """Whether the lease in hand covers `bound`."""
        return not bound or (bound <= self.lease.free and self.good_from <= wall < self.good_until)

    def verdict(self, bound: int, now: float) -> Reason | None:
        """Why `bound` can never fit, or not before the reset; None if it may come to fit while it waits."""
        if bound > self.rule.limit:
            return "too_large"
        if self.lease.settled_floor + bound > self.rule.limit:
            return "exhausted"
        failing_since = self.lease.failing_since
        if self.lease.fenced or (failing_since is not None and now - failing_since >= self._settings.wait):
            return "unavailable"
        return None

    def verdict_after_waiting(self, bound: int, since: float, now: float) -> Reason:
        """Why a request that has waited for this quota `since` then is refused when its time is up."""
        # There was room and no lease came of it in time: the ledger is slow, and nothing is known against the request.
        too_slow = self.lease.answered_at < since or not self.stuck(bound)
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
        rule = self.rule
        left = max(0, rule.limit - self.lease.settled_floor)
        return Refusal(reason, self.id, rule.scope, rule.unit, rule.limit, rule.period, resets_at, retry_after, left)

    def measure(self, now: float) -> bool:
        """Works out the burn rate, an average over the last second or so. True: the quota lies idle."""
        since = now - self._burn_at
        taken, self.lease.taken = self.lease.taken, 0
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

    def amount(self, demand: Demand, now: float, *, due: bool) -> int:
        """What the next write should lease (positive) or give back (negative). `due`: there will be one anyway."""
        lease = self.lease
        if self.rule.action != "block":
            return min(0, -lease.free)
        room = self.rule.limit - lease.state.committed
        cushion = self._cushion(room)
        lease.low = cushion // 2
        missing = sum(demand.leasable) + cushion - lease.free
        if missing <= room:
            # A write for the cushion alone can wait until half of it is used up.
            worth_it = due or missing > cushion or lease.free < lease.low
            return missing if worth_it else min(missing, 0)
        # Not all of it is to be had: whoever fits, in order of arrival, and no cushion.
        usable = _first_fit(demand.leasable, room + lease.free)
        if usable != lease.free:
            # Less than is free: kept, the rest would be of use to nobody, while other agents' requests wait for it.
            return usable - lease.free
        # Others give back all the time, so try for the smallest now and then.
        lacking = [bound for bound in demand.leasable if bound > lease.free]
        return min(lacking) - lease.free if lacking and self.wants_news(demand, now) else 0

    def wants_news(self, demand: Demand, now: float) -> bool:
        """Whether somebody waits for this quota, and it is time to look whether others gave something back.

        The more agents there are the more seldom each of them looks, so that together they do not crowd the ledger.
        """
        agents = len(self.lease.state.leases)
        pause = min(self._settings.probe * (1 + agents / 4), self._settings.wait / 3)
        if now < self.lease.answered_at + pause:
            return False
        return any(bound > self.lease.free for bound in demand.asked)

    def stuck(self, bound: int) -> bool:
        """Whether `bound` cannot be had, as far as is known."""
        free = self.lease.free
        return bound > free and self.rule.limit - self.lease.state.committed + free < bound

    def _cushion(self, room: int) -> int:
        """How much to hold beyond what is asked: some seconds' worth, within a fair share of half of what is left."""
        holders = sum(1 for lease in self.lease.state.leases.values() if lease.outstanding)
        share = (room + self.lease.free) // (2 * max(1, holders))
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


class Cover(NamedTuple):
    """The quotas of a request: those that may refuse it, and those that only count it."""

    blocking: tuple[AgentQuota, ...]
    counting: tuple[AgentQuota, ...]


class QuotasInForce:
    """All quotas of the policy, by the scopes that they are laid on.

    One is made when a request first falls under it, so that thousands of idle quotas cost next to nothing.
    """

    def __init__(self, settings: QuotaSettings) -> None:
        self._settings = settings
        self._rules: Mapping[str, Quota] = {}
        self._by_scope: dict[str, list[str]] = {}
        self._made: dict[str, AgentQuota] = {}
        self._covers: dict[Sequence[str], Cover] = {}

    def replace(self, rules: Mapping[str, Quota]) -> list[AgentQuota]:
        """Puts other quotas in force; returns those that are of no use any more.

        One lives on when only limit, action or thresholds changed.
        """
        retired = [quota for quota in self._made.values() if not _counts_the_same(quota.rule, rules.get(quota.id))]
        for quota in retired:
            del self._made[quota.id]
        for quota in self._made.values():
            quota.rule = rules[quota.id]
        self._rules = rules
        self._by_scope = {}
        for quota_id, rule in rules.items():
            self._by_scope.setdefault(rule.scope, []).append(quota_id)
        self._covers = {}
        return retired

    def cover(self, scopes: tuple[str, ...]) -> Cover:
        """The quotas that cover a request with these scopes."""
        found = self._covers.get(scopes)
        if found is None:
            quotas = [self._quota(quota_id) for scope in scopes for quota_id in self._by_scope.get(scope, ())]
            if len(self._covers) >= MAX_COVERS:
                self._covers.clear()
            found = self._covers[scopes] = Cover(
                blocking=tuple(quota for quota in quotas if quota.rule.action == "block"),
                counting=tuple(quota for quota in quotas if quota.rule.action != "block"),
            )
        return found

    def keys(self, wall: float) -> Iterator[WindowKey]:
        """The window that each quota counts in at that moment, and the one before."""
        for quota_id, rule in self._rules.items():
            window = window_at(rule.period, rule.timezone, wall)
            yield WindowKey(quota_id, rule.unit, window.id)
            if rule.period != "total":
                before = window_at(rule.period, rule.timezone, window.start - 1)
                yield WindowKey(quota_id, rule.unit, before.id)

    def _quota(self, quota_id: str) -> AgentQuota:
        if quota_id not in self._made:
            self._made[quota_id] = AgentQuota(quota_id, self._rules[quota_id], self._settings)
        return self._made[quota_id]


def _counts_the_same(old: Quota, new: Quota | None) -> bool:
    fields = ("scope", "unit", "period", "timezone")
    return new is not None and all(getattr(old, field) == getattr(new, field) for field in fields)
