"""All leases of this agent and its writes to the ledger: which is next, and what its answer means. No I/O.

In: leases that need a write, answers, the passing of time. Out: leases whose `pending` is to be sent, thresholds that
were passed. At most one write is under way for each window, and it covers all who wait for it.

The worked example of `gwctl.ledger.quotas`: step 1 is one write, "lease 0 → $0.40, if what is committed stays within
$1"; ten requests of $0.04 that come at once would be the same one write. Step 4 is one write too, "lease $0.40 → $0.20,
settled 0 → $0.03", without a condition on the limit, since what is committed falls. If its answer is lost, the same
write is repeated: it fails, and the lease that the ledger shows has this process's name on it, so it had come through.
"""

import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gwctl.ledger.quotas.lease import AgentLease
from gwctl.ledger.quotas.quota import AgentQuota, Demand
from gwctl.ledger.quotas.reservation import Counters
from gwctl.ledger.quotas.settings import Clock, QuotaSettings
from gwctl.ledger.quotas.store import Outcome, Swap, WindowKey, WindowState
from gwctl.policy.snapshot import Quota

log = logging.getLogger(__name__)

SCAN_SECONDS = 0.25
NO_DEMAND = Demand((), ())


@dataclass(frozen=True, slots=True)
class Notice:
    """A quota's spend passed a threshold, in per cent of its limit. To be told once a window, by one agent."""

    key: WindowKey
    threshold: int
    quota: Quota
    settled: int


class LedgerWrites:
    """See the module. `agent` names this agent in the ledger; `writer` this process, so it differs from run to run."""

    def __init__(self, agent: str, writer: str, settings: QuotaSettings, clock: Clock) -> None:
        self.counters = Counters()
        """What happened since the start, also what the book counts."""
        self.stopping = False
        """Lease nothing more, and give back all that is free."""
        self._agent = agent
        self._writer = writer
        self._settings = settings
        self._clock = clock
        self._leases: dict[WindowKey, AgentLease] = {}
        self._quotas: dict[WindowKey, AgentQuota] = {}
        """Whose current window it is."""
        self._made = 0
        self._awaited: OrderedDict[AgentLease, None] = OrderedDict()
        self._urgent: OrderedDict[AgentLease, None] = OrderedDict()
        """To be considered in this order: first those for which requests wait."""
        self._in_flight = 0
        self._scan_at = 0.0
        self._notices: list[Notice] = []

    @property
    def leases(self) -> list[AgentLease]:
        """All leases, also on windows that are over and not yet settled."""
        return list(self._leases.values())

    def lease(self, key: WindowKey) -> AgentLease:
        """The lease on a window; a new one, of nothing, if there is none."""
        found = self._leases.get(key)
        if found is None:
            self._made += 1
            found = self._leases[key] = AgentLease(key, self._agent, f"{self._writer}.{self._made}")
        return found

    def enter(self, quota: AgentQuota, wall: float) -> None:
        """Puts a quota into the window of this moment, or looks again whether its lease is good."""
        if wall not in quota.window:
            self.leave(quota)
            key, window = quota.key_at(wall)
            self._quotas[key] = quota
            quota.enter(window, self.lease(key))
        else:
            quota.refresh()

    def leave(self, quota: AgentQuota) -> None:
        """The quota's window is over, or it is no more in force: its lease will be given back."""
        key = WindowKey(quota.id, quota.unit, quota.window.id)
        if self._quotas.get(key) is quota:
            del self._quotas[key]
            self.consider(quota.lease)

    def quota_of(self, lease: AgentLease) -> AgentQuota | None:
        """The quota whose current window this is; None: the window is over, or the quota gone."""
        return self._quotas.get(lease.key)

    def consider(self, lease: AgentLease, *, awaited: bool = False) -> None:
        """Looks at the next opportunity whether it needs a write; before all others if requests wait for it."""
        (self._awaited if awaited else self._urgent)[lease] = None

    @property
    def has_work(self) -> bool:
        """Whether `next` has something to consider."""
        return bool(self._awaited or self._urgent or self._notices)

    @property
    def drained(self) -> bool:
        """Whether the ledger has everything, and nothing idle is leased."""
        return not any(lease.pending or _to_flush(lease) for lease in self.leases if not lease.fenced)

    def next(self, demand: Callable[[AgentQuota], Demand]) -> list[tuple[AgentLease, Swap]]:
        """What is to be sent now. Each must be given to `answered` or `failed` later."""
        now, wall = self._clock.mono(), self._clock.wall()
        chosen: list[tuple[AgentLease, Swap]] = []
        while (queue := self._awaited or self._urgent) and self._in_flight < self._settings.writes_at_once:
            lease, _ = queue.popitem(last=False)
            swap = None if lease.sending else self._prepared(lease, demand, now, wall)
            if swap is not None:
                lease.sending = True
                self._in_flight += 1
                self.counters.writes += 1
                chosen.append((lease, swap))
        return chosen

    def answered(self, lease: AgentLease, outcome: Outcome) -> None:
        """Takes in the answer to a write."""
        swap = lease.pending
        self._sent(lease)
        lease.failures, lease.failing_since, lease.answered_at = 0, None, self._clock.mono()
        lease.answer(outcome)
        if not outcome.applied:
            self.counters.writes_refused += 1
            lease.flush_at = -math.inf  # it settled nothing: what was spent is due
        quota = self.quota_of(lease)
        if swap is not None and outcome.applied and swap.limit is None and quota and quota.rule.action == "block":
            beyond = min(swap.growth, outcome.state.committed - quota.rule.limit)
            self.counters.add_overshoot(quota.unit, max(0, beyond))
        self._learned(lease)

    def failed(self, lease: AgentLease) -> None:
        """There was no answer: the same write is repeated after a pause."""
        now = self._clock.mono()
        self._sent(lease)
        self.counters.writes_failed += 1
        lease.retry_at = now + min(self._settings.retry_most, self._settings.retry * 2 ** min(lease.failures, 10))
        lease.failures += 1
        lease.failing_since = now if lease.failing_since is None else lease.failing_since

    def recover(self, states: Mapping[WindowKey, WindowState]) -> None:
        """Takes over what this agent's former life left in these windows, if anything."""
        for key, state in states.items():
            if state.lease_of(self._agent).seq:
                self.lease(key).learn(state)
                self._learned(self.lease(key))

    def release_held(self) -> None:
        """No request of a former life is in flight any more."""
        for lease in self.leases:
            lease.release_held()

    def scan(self) -> None:
        """Looks at every lease a few times a second: what is due, what has grown old, what can be forgotten."""
        now, wall = self._clock.mono(), self._clock.wall()
        if now < self._scan_at:
            return
        self._scan_at = now + SCAN_SECONDS
        for lease in self.leases:
            quota = self.quota_of(lease)
            if quota is not None:
                if quota.measure(now):
                    lease.flush_at = -math.inf
                if wall not in quota.window:
                    self.leave(quota)
            if lease.held and now >= lease.held_since + self._settings.max_age:
                lease.release_held()
            if lease.fenced and lease.dirty:
                self._drop(lease)
            if lease.done and self.quota_of(lease) is None:
                del self._leases[lease.key]
            elif lease.pending or self._to_renew(lease, wall) or (self._due(lease, now) and _to_flush(lease)):
                self.consider(lease)

    def flushed(self, position: int) -> int:
        """Up to which position of the usage log the ledger has everything, if all up to `position` was settled."""
        unwritten = [lease.unwritten for lease in self._leases.values() if lease.unwritten is not None]
        return min([position, *(first - 1 for first in unwritten)])

    def closing(self) -> list[Swap]:
        """Writes that close every lease with nothing out, for an agent that is leaving for ever."""
        return [
            Swap(
                lease.key,
                self._agent,
                lease.confirmed,
                replace(lease.confirmed, seq=lease.confirmed.seq + 1, closed=True),
            )
            for lease in self.leases
            if lease.confirmed.seq and lease.done and not lease.fenced
        ]

    def notices(self) -> list[Notice]:
        """Thresholds to be claimed in the ledger; who wins the claim tells the people."""
        notices, self._notices = self._notices, []
        return notices

    def unclaimed(self, notice: Notice) -> None:
        """The ledger did not answer the claim: it is made again with the next write."""
        self.lease(notice.key).claimed.discard(notice.threshold)

    def notify(self, quota: AgentQuota, *, used_up: bool = False) -> None:
        """Claims the thresholds that a window's spend has passed.

        A quota that refuses for want of money (`used_up`) is at its end, though a bound never fits into the last bit;
        unless half of it is left, and it was an outsized request.
        """
        lease, rule = quota.lease, quota.rule
        settled = lease.settled_floor
        for threshold in rule.notify_at:
            passed = settled * 100 >= rule.limit * threshold or (used_up and settled * 2 >= rule.limit)
            if passed and threshold not in lease.state.notified and threshold not in lease.claimed:
                lease.claimed.add(threshold)
                self._notices.append(Notice(lease.key, threshold, rule, settled))

    def _prepared(
        self, lease: AgentLease, demand_of: Callable[[AgentQuota], Demand], now: float, wall: float
    ) -> Swap | None:
        """What is to be written now, if anything."""
        if lease.fenced:
            return None
        if lease.pending is not None:
            return lease.pending if now >= lease.retry_at else None
        quota = None if self.stopping else self.quota_of(lease)
        demand = demand_of(quota) if quota else NO_DEMAND
        due = self._due(lease, now)
        amount = quota.amount(demand, now, due=due) if quota else min(0, -lease.free)
        needed = amount > 0 or (due and (amount < 0 or lease.dirty or lease.releasing)) or self._to_renew(lease, wall)
        if not needed and not (quota and quota.wants_news(demand, now)):
            return None
        if lease.refused and lease.dirty:
            amount = min(amount, 0)  # a refused write settled nothing: this one shall
        pause = self._settings.tight_flush if quota and quota.tight else self._settings.flush
        lease.flush_at = now + pause
        return lease.prepare(amount, quota.rule.limit if quota else 0, int(wall + self._settings.lease))

    def _to_renew(self, lease: AgentLease, wall: float) -> bool:
        half = self._settings.lease / 2
        return bool(lease.confirmed.outstanding) and wall >= lease.confirmed.expires_at - half

    def _due(self, lease: AgentLease, now: float) -> bool:
        return self.stopping or now >= lease.flush_at

    def _sent(self, lease: AgentLease) -> None:
        lease.sending = False
        self._in_flight -= 1
        self.consider(lease)

    def _learned(self, lease: AgentLease) -> None:
        if lease.held and not lease.held_since:
            lease.held_since = self._clock.mono()
        if lease.fenced:
            log.error(
                "quota %s: agent %s was declared gone, or another process runs under its name; nothing is handed out",
                lease.key,
                self._agent,
            )
        quota = self.quota_of(lease)
        if quota is not None:
            quota.refresh()
            self.notify(quota)

    def _drop(self, lease: AgentLease) -> None:
        lost = lease.spent - lease.confirmed.settled
        log.error("quota %s: %d spent by agent %s cannot be counted: its lease is closed", lease.key, lost, self._agent)
        self.counters.dropped += 1
        lease.forget_unwritten()


def _to_flush(lease: AgentLease) -> bool:
    return lease.dirty or lease.free > 0 or lease.releasing
