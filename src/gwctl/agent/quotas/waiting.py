"""Who stands in line: requests whose bounds no lease in hand covers, in order of arrival, for each quota.

Order of arrival decides, but a large request that nothing can cover now does not hold up small ones behind it: each
is served as soon as all its quotas have room. Nobody waits longer than the wait bound.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gwctl.agent.quotas.requests import Amounts, Refusal, Reservation

if TYPE_CHECKING:
    from gwctl.agent.quotas.coverage import Cover
    from gwctl.agent.quotas.meter import Meter

Decision = Reservation | Refusal


class Waiter:
    """A request in line. `decision` is None until it has one; then the callbacks are called, once."""

    __slots__ = ("bounds", "callbacks", "cover", "decision", "request_id", "scopes", "since", "until")

    def __init__(
        self, request_id: str, scopes: tuple[str, ...], bounds: Amounts, cover: "Cover", since: float, until: float
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


class Line:
    """All waiters of this agent."""

    def __init__(self) -> None:
        self._waiters: dict[str, Waiter] = {}
        self.crowded: dict[Meter, None] = {}
        """The meters with somebody in line."""

    def __len__(self) -> int:
        return len(self._waiters)

    def get(self, request_id: str) -> Waiter | None:
        """The waiter with this id, if it still waits."""
        return self._waiters.get(request_id)

    def join(self, waiter: Waiter) -> None:
        """Puts the waiter at the end of the line of every quota that may refuse it."""
        self._waiters[waiter.request_id] = waiter
        for meter in waiter.cover.blocking:
            meter.line[waiter.request_id] = waiter
            self.crowded[meter] = None

    def leave(self, waiter: Waiter) -> None:
        """Takes the waiter out of every line."""
        self._waiters.pop(waiter.request_id, None)
        for meter in waiter.cover.blocking:
            meter.line.pop(waiter.request_id, None)
            if not meter.line:
                self.crowded.pop(meter, None)

    def overdue(self, now: float) -> list[Waiter]:
        """Who has waited long enough, in order of arrival."""
        return [waiter for waiter in self._waiters.values() if now >= waiter.until]

    def everybody(self) -> list[Waiter]:
        """All of them, in order of arrival."""
        return list(self._waiters.values())
