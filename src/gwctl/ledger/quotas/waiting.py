"""Requests that wait: no lease in hand covers their bounds yet. In order of arrival, for each quota.

The worked example of `gwctl.ledger.quotas`, step 3: A has nothing free and the ledger has $0.10, so a request for $0.20
waits. A request for $0.10 that comes after it would not have to: whoever fits is served, in order of arrival. In step 4
money comes free, and the waiter is told. Nobody waits longer than the wait bound; then the answer is a refusal.
"""

from collections.abc import Callable, Iterator

from gwctl.ledger.quotas.quota import AgentQuota, Cover, Demand
from gwctl.ledger.quotas.reservation import Amounts, Decision


class Waiter:
    """A request in line. `decision` is None until it has one; then the callbacks are called, once."""

    __slots__ = ("bounds", "callbacks", "cover", "decision", "request_id", "scopes", "since", "until")

    def __init__(
        self, request_id: str, scopes: tuple[str, ...], bounds: Amounts, cover: Cover, since: float, until: float
    ) -> None:
        self.request_id = request_id
        self.scopes = scopes
        self.bounds = bounds
        self.cover = cover
        self.since = since
        self.until = until
        """It is refused then, on the monotonic clock."""
        self.decision: Decision | None = None
        self.callbacks: list[Callable[[Decision], None]] = []

    def decide(self, decision: Decision) -> None:
        """Tells whoever waits."""
        self.decision = decision
        for callback in self.callbacks:
            callback(decision)

    def is_held_up_by_another_than(self, quota: AgentQuota) -> bool:
        """Whether it could not go on even if this quota had room."""
        return any(other is not quota and other.stuck(self.bounds[other.unit]) for other in self.cover.blocking)


class Line:
    """All waiters of this agent."""

    def __init__(self) -> None:
        self._waiters: dict[str, Waiter] = {}
        self._by_quota: dict[AgentQuota, dict[str, Waiter]] = {}
        """A quota is in here only while somebody waits for it."""

    def __len__(self) -> int:
        return len(self._waiters)

    def __iter__(self) -> Iterator[Waiter]:
        return iter(list(self._waiters.values()))

    def get(self, request_id: str) -> Waiter | None:
        """The waiter with this id, if it still waits."""
        return self._waiters.get(request_id)

    def join(self, waiter: Waiter) -> None:
        """Puts the waiter at the end of the line of every quota that may refuse it."""
        self._waiters[waiter.request_id] = waiter
        for quota in waiter.cover.blocking:
            self._by_quota.setdefault(quota, {})[waiter.request_id] = waiter

    def leave(self, waiter: Waiter) -> None:
        """Takes the waiter out of every line."""
        self._waiters.pop(waiter.request_id, None)
        for quota in waiter.cover.blocking:
            line = self._by_quota.get(quota, {})
            line.pop(waiter.request_id, None)
            if not line:
                self._by_quota.pop(quota, None)

    @property
    def quotas(self) -> list[AgentQuota]:
        """The quotas that somebody waits for."""
        return list(self._by_quota)

    def waits_for(self, quota: AgentQuota) -> bool:
        """Whether somebody waits for this quota."""
        return quota in self._by_quota

    def waiters_of(self, quota: AgentQuota) -> list[Waiter]:
        """Who waits for this quota, in order of arrival."""
        return list(self._by_quota.get(quota, {}).values())

    def demand(self, quota: AgentQuota) -> Demand:
        """What those who wait for this quota ask of it."""
        waiters = self.waiters_of(quota)
        return Demand(
            asked=[waiter.bounds[quota.unit] for waiter in waiters],
            # To lease for those whom another quota holds up would keep the money from other agents' requests.
            leasable=[waiter.bounds[quota.unit] for waiter in waiters if not waiter.is_held_up_by_another_than(quota)],
        )
