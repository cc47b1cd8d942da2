"""Every number about quotas that can be turned. Seconds, unless a name says otherwise.

With the defaults a request of the worked example in `gwctl.ledger.quotas` waits at most 1.5 s in step 3, a cost is in
the ledger within a second (step 4), and what B had leased in step 5 is given back after 65 minutes if its journal of
reservations is lost and nothing else says earlier that its request has ended.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuotaSettings:
    """The defaults are what runs; tests turn some of them."""

    wait: float = 1.5
    """How long a request may wait for money that others give back."""
    horizon: float = 3.0
    """A lease is for so many seconds of the current burn rate."""
    flush: float = 0.75
    """How long costs may wait to be settled: a second, with the quarter between two looks at it."""
    tight_flush: float = 0.25
    """The same for a quota that is nearly used up."""
    probe: float = 0.1
    """How often the ledger is asked again for a quota that is used up and has requests waiting; for few agents."""
    retry: float = 0.1
    """Pause before the first repetition of a write without an answer; doubles up to `retry_most`."""
    retry_most: float = 1.0
    lease: float = 600.0
    """A lease may be used for so long after its last write."""
    max_age: float = 3900.0
    """A reservation whose request never ends is settled at its bound after that: the longest stream, and a bit."""
    max_waiters: int = 4096
    max_reservations: int = 200_000
    writes_at_once: int = 8
    """Writes to the ledger under way at any time, over all quotas; as many threads are started."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the time comes from: `wall` in seconds since the epoch, `mono` in seconds, never set back."""

    wall: Callable[[], float] = time.time
    mono: Callable[[], float] = time.monotonic
