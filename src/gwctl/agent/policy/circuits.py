"""The agent's circuit breakers: lines of the usage log in, the targets to leave out of the policy out.

Lines come from the thread that reads the log; the policy is rendered from another one.
"""

import logging
import threading
import time
from collections.abc import Callable

from gwctl.edge.breaker import CircuitBreakers, OpenTarget, OpenTargets
from gwctl.edge.usage_log.line import UsageLine
from gwctl.policy.snapshot import Snapshot

log = logging.getLogger("gwctl.agent")


class Circuits:
    """`find` gives the snapshot with a label."""

    def __init__(self, find: Callable[[str | None], Snapshot | None], clock: Callable[[], float] = time.time) -> None:
        self._find = find
        self._clock = clock
        self._breakers = CircuitBreakers()
        self._lock = threading.Lock()
        self._told: OpenTargets = frozenset()

    def observe(self, line: UsageLine) -> None:
        """Takes note of a line of the usage log."""
        if line.option is None:
            return
        snapshot = self._find(line.policy)
        with self._lock:
            self._breakers.observe(line, snapshot, self._clock())

    def put_in_force(self, snapshot: Snapshot) -> None:
        """Another policy: its settings hold, and what it does not name is forgotten."""
        with self._lock:
            self._breakers.replace(snapshot)

    def open_targets(self) -> OpenTargets:
        """What to leave out now. Says in the log what has changed."""
        now = self._clock()
        with self._lock:
            found = self._breakers.open_targets(now)
            reasons = {each.target: each for each in self._breakers.status(now)}
        for name in sorted(found - self._told):
            log.warning("target %s is left out until %s: %s", name, reasons[str(name)].until, reasons[str(name)].reason)
        for name in sorted(self._told - found):
            log.info("target %s is tried again", name)
        self._told = found
        return found

    def status(self) -> tuple[OpenTarget, ...]:
        """The open circuits, for people."""
        with self._lock:
            return self._breakers.status(self._clock())
