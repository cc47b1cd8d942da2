"""How long to wait before something is tried again."""

import asyncio
from contextlib import suppress
from random import SystemRandom

_random = SystemRandom()


class Backoff:
    """Doubles the wait with each failure in a row, up to `most` seconds, and takes a random part of it.

    The random part is what keeps a fleet of agents from coming back all at once.
    """

    def __init__(self, first: float = 0.2, most: float = 30.0) -> None:
        self._first = first
        self._most = most
        self._failures = 0

    def failed(self) -> float:
        """Counts a failure; seconds to wait now."""
        wait = min(self._most, self._first * 2 ** min(self._failures, 30))
        self._failures += 1
        return _random.uniform(wait / 2, wait)

    def worked(self) -> None:
        """The next failure is the first one again."""
        self._failures = 0


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Waits, but not longer than until `stopping` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
