"""What is said about one request: its bound, then a reservation or a refusal, and in the end a settlement.

The worked example of `gwctl.ledger.quotas`, for the first request: its bound is $0.40, so 400,000,000 nano-dollars are
reserved; the usage log says that it did cost $0.03, so 30,000,000 are settled and the rest is free again. Had A
crashed before it read that line, the line's `receipt` would name the same windows to its next life.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from gwctl.ledger.quotas.lease import AgentLease
from gwctl.ledger.quotas.scopes import UNITS, Period, Unit, checked_amount
from gwctl.ledger.quotas.store import WindowKey

Amounts = Mapping[Unit, int]
"""Bounds or costs of a request, for each unit that a quota may count."""

Reason = Literal["exhausted", "reserved", "too_large", "unavailable"]
"""Why a request was refused.

exhausted    what is spent leaves no room for it before the reset
reserved     the rest is reserved by requests in flight, and did not come free in the time that it could wait
too_large    its bound alone is more than the limit
unavailable  the ledger did not answer, and the leases in hand are used up (503: nothing is known against the request)
"""


class Reservation:
    """A request's bounds, taken out of every quota that covers it."""

    __slots__ = ("at", "bounds", "note", "parts", "request_id", "shadow")

    def __init__(
        self,
        request_id: str,
        parts: Sequence[tuple[AgentLease, int]],
        bounds: Amounts,
        at: float,
        shadow: str | None = None,
    ) -> None:
        self.request_id = request_id
        self.parts = parts
        """The leases that it was taken from, and how much of each."""
        self.bounds = bounds
        self.at = at
        """When it was made, on the monotonic clock."""
        self.shadow = shadow
        """The first quota with the action `shadow` that would have refused it."""
        self.note: object = None
        """Whatever its owner wants to find again when it has come to nothing."""

    @property
    def receipt(self) -> str:
        """The windows it counts in, for the usage log: after a restart the request is settled in just these."""
        return ",".join([lease.name for lease, _ in self.parts])


@dataclass(frozen=True, slots=True)
class Refusal:
    """The quota that stands in the way. `limit` counts `unit`; times are in seconds."""

    reason: Reason
    quota: str
    scope: str
    unit: Unit
    limit: int
    period: Period
    resets_at: float | None
    """Since the epoch; None: never, or not known."""
    retry_after: int | None
    """None: trying again is of no use."""
    left: int = 0
    """What is not spent of the limit, as far as this agent knows; others' reservations are in it."""


Decision = Reservation | Refusal


class Settlement(NamedTuple):
    """The end of a request, read from the usage log.

    `position` is the line's place in this agent's log: it grows from line to line and is the same when the line is
    read again after a crash. `receipt` is the reservation's, if the log has it; without it the windows are found from
    `scopes` and `started` (seconds since the epoch).
    """

    request_id: str
    actual: Amounts
    position: int
    receipt: str = ""
    scopes: tuple[str, ...] = ()
    started: float = 0.0

    def windows(self) -> Sequence[WindowKey] | None:
        """The windows that the receipt names; None without one. ValueError if it cannot be read."""
        return _windows(self.receipt) if self.receipt else None


@lru_cache(maxsize=4096)
def _windows(receipt: str) -> tuple[WindowKey, ...]:
    """Cached: all requests of a client have the same receipt until one of its windows ends."""
    return tuple(WindowKey.parse(part) for part in receipt.split(","))


def check_amounts(amounts: Amounts, what: str) -> None:
    """ValueError, naming the unit, unless every unit has an integer amount within reason."""
    for unit in UNITS:
        if unit not in amounts:
            raise ValueError(f"{what} has no {unit}; give 0 if there is none")
        checked_amount(amounts[unit], f"{what} in {unit}")


class RecentIds:
    """Remembers the latest ids, between `size` and twice as many."""

    def __init__(self, size: int = 32_768) -> None:
        self._size = size
        self._new: set[str] = set()
        self._old: set[str] = set()

    def add(self, request_id: str) -> None:
        """Remembers one more, and forgets the oldest when there are too many."""
        self._new.add(request_id)
        if len(self._new) >= self._size:
            self._old, self._new = self._new, set()

    def __contains__(self, request_id: str) -> bool:
        return request_id in self._new or request_id in self._old


@dataclass(slots=True)
class Counters:
    """What happened since the start; for metrics."""

    granted: int = 0
    refused_exhausted: int = 0
    refused_reserved: int = 0
    refused_too_large: int = 0
    refused_unavailable: int = 0
    """Refusals, by `Reason`."""
    would_refuse: int = 0
    """Requests that a `shadow` quota would have refused."""
    settled: int = 0
    settled_unknown: int = 0
    """Settled without a reservation in memory: made before a restart, or by no quota that blocks."""
    duplicates: int = 0
    aged: int = 0
    """Reservations settled at their bound because their request never appeared in the usage log."""
    writes: int = 0
    writes_refused: int = 0
    writes_failed: int = 0
    overshoot_nano_usd: int = 0
    overshoot_tokens: int = 0
    overshoot_requests: int = 0
    """Spend that took a window's `committed` beyond its limit: costs above their bound."""
    dropped: int = 0
    """Costs that could not be written because the ledger has closed this agent's lease. Each is logged."""

    def refused(self, reason: Reason) -> None:
        """Counts a refusal."""
        name = f"refused_{reason}"
        setattr(self, name, getattr(self, name) + 1)

    def add_overshoot(self, unit: Unit, amount: int) -> None:
        """Counts spend beyond a limit."""
        name = f"overshoot_{unit}"
        setattr(self, name, getattr(self, name) + amount)
