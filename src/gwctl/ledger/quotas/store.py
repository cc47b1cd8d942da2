"""What the ledger keeps of a quota's window, and the one write that changes it.

A window's item holds one `Lease` for each agent that works with it, and two sums over them:

    settled    what was spent                       = archived + sum of settled
    committed  what was spent or may still be spent = settled  + sum of outstanding

Each agent writes only its own lease, whole, by compare-and-swap on its `seq` and `writer`. The sums move by the
difference. A swap that makes `committed` grow is conditional on the limit. That is all there is to it: a write that
came through and whose answer was lost fails when repeated, and the lease that comes back says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from gwctl.ledger.quotas.scopes import Unit


class StoreUnavailable(Exception):  # noqa: N818  it names a state of the ledger, not a mistake
    """The ledger gave no answer. The write may have come through or not; repeat the same one to find out."""


class WindowKey(NamedTuple):
    """One window of one quota: all that the ledger knows about what a number means.

    Scope and time zone are not part of it: a budget whose scope or zone is changed keeps what it has counted.
    """

    quota: str
    unit: Unit
    window: str

    def __str__(self) -> str:
        return f"{self.quota}/{self.unit}/{self.window}"

    @classmethod
    def parse(cls, text: str) -> "WindowKey":
        """Reads what `str` wrote; ValueError if it is not of that form."""
        quota, unit, window = text.split("/")
        if unit not in ("nano_usd", "tokens", "requests") or not quota or not window:
            raise ValueError(f"{text!r} is not <quota>/<unit>/<window>")
        return cls(quota, unit, window)


@dataclass(frozen=True, slots=True)
class Lease:
    """One agent's part of a window. Amounts are in the quota's unit.

    `outstanding`  leased and not yet spent
    `settled`      spent by this agent in this window, ever
    `mark`         position in the agent's usage log: every event up to it that belongs here is in `settled`
    `seq`          grows by one with each write; 0: there is no lease
    `writer`       the process that wrote it, so that a restarted agent is not taken for its former self
    `expires_at`   seconds since the epoch; the agent hands nothing out of it from then on
    `closed`       the agent has left, or was declared gone and its spend taken from the audit log: never written again
    """

    outstanding: int = 0
    settled: int = 0
    mark: int = -1
    seq: int = 0
    writer: str = ""
    expires_at: int = 0
    closed: bool = False

    @property
    def committed(self) -> int:
        """What this lease adds to the window's `committed`."""
        return self.settled + self.outstanding


NO_LEASE: Final = Lease()


@dataclass(frozen=True, slots=True)
class WindowState:
    """A window as the ledger has it. A window that nobody wrote to is the default value."""

    committed: int = 0
    settled: int = 0
    archived: int = 0
    leases: Mapping[str, Lease] = field(default_factory=dict[str, Lease])
    notified: frozenset[int] = frozenset()

    def lease_of(self, agent: str) -> Lease:
        """The agent's lease, or `NO_LEASE`."""
        return self.leases.get(agent, NO_LEASE)


EMPTY: Final = WindowState()


@dataclass(frozen=True, slots=True)
class Swap:
    """Replaces an agent's lease `before` by `after`, if it still is what `before` says.

    With a `limit`, and if it makes `committed` grow, only while that stays within the limit. Without one it cannot be
    refused for lack of money: so is counted what was spent anyway.
    """

    key: WindowKey
    agent: str
    before: Lease
    after: Lease
    limit: int | None = None

    @property
    def growth(self) -> int:
        """By how much `committed` grows; negative when a lease goes back."""
        return self.after.committed - self.before.committed

    @property
    def ceiling(self) -> int | None:
        """The largest `committed` under which this may be applied; None: any."""
        return None if self.limit is None or self.growth <= 0 else self.limit - self.growth


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a swap was applied by this very call, and the window after it, or as it stood in its way."""

    applied: bool
    state: WindowState


class WindowReader(Protocol):
    """The ledger for those who only look. May raise StoreUnavailable."""

    def read(self, keys: Iterable[WindowKey]) -> Mapping[WindowKey, WindowState]:
        """The windows as they are now (consistent reads). Windows that nobody wrote to are absent."""
        ...


class QuotaStore(WindowReader, Protocol):
    """The ledger. Every method may raise StoreUnavailable, and is atomic on one window."""

    def swap(self, swap: Swap) -> Outcome:
        """Applies the swap or says what stood in its way. Repeating one that came through changes nothing."""
        ...

    def claim(self, key: WindowKey, threshold: int) -> bool:
        """True for the first caller, among all agents, who claims a threshold (per cent) of a window."""
        ...

    def archive(self, key: WindowKey, agent: str, lease: Lease) -> bool:
        """Drops a closed lease and keeps its spend, if it is still this one. ValueError if it is open."""
        ...


def is_still(found: Lease, expected: Lease) -> bool:
    """Whether a lease was not written since it was `expected`. `writer` matters once an archived one began anew."""
    return (found.seq, found.writer) == (expected.seq, expected.writer)


def check_archivable(lease: Lease) -> None:
    """ValueError for a lease that its agent may still write to."""
    if not lease.closed or lease.outstanding:
        raise ValueError(f"{lease} cannot be archived: it is not closed")
