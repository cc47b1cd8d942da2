"""The ledger in memory: the reference that every other store is tested against.

It recomputes both sums from the leases after each change and raises AssertionError when they differ from what the
increments made of them. Safe to share between threads. Nothing is kept on disk.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import Lock

from gwctl.ledger.quotas.store import EMPTY, Lease, Outcome, Swap, WindowKey, WindowState, check_archivable, is_still


class ModelStore:
    """A `QuotaStore` without a database."""

    def __init__(self) -> None:
        self._windows: dict[WindowKey, WindowState] = {}
        self._lock = Lock()

    def swap(self, swap: Swap) -> Outcome:
        """See `QuotaStore.swap`."""
        with self._lock:
            state = self._windows.get(swap.key, EMPTY)
            if not is_still(state.lease_of(swap.agent), swap.before):
                return Outcome(applied=False, state=state)
            if swap.ceiling is not None and state.committed > swap.ceiling:
                return Outcome(applied=False, state=state)
            changed = replace(
                state,
                committed=state.committed + swap.growth,
                settled=state.settled + swap.after.settled - swap.before.settled,
                leases={**state.leases, swap.agent: swap.after},
            )
            return Outcome(applied=True, state=self._put(swap.key, changed))

    def read(self, keys: Iterable[WindowKey]) -> Mapping[WindowKey, WindowState]:
        """See `QuotaStore.read`."""
        with self._lock:
            return {key: self._windows[key] for key in keys if key in self._windows}

    def claim(self, key: WindowKey, threshold: int) -> bool:
        """See `QuotaStore.claim`."""
        with self._lock:
            state = self._windows.get(key, EMPTY)
            if threshold in state.notified:
                return False
            self._put(key, replace(state, notified=state.notified | {threshold}))
            return True

    def archive(self, key: WindowKey, agent: str, lease: Lease) -> bool:
        """See `QuotaStore.archive`."""
        check_archivable(lease)
        with self._lock:
            state = self._windows.get(key, EMPTY)
            if not is_still(state.lease_of(agent), lease):
                return False
            leases = {name: other for name, other in state.leases.items() if name != agent}
            self._put(key, replace(state, archived=state.archived + lease.settled, leases=leases))
            return True

    def _put(self, key: WindowKey, state: WindowState) -> WindowState:
        check_sums(state)
        self._windows[key] = state
        return state


def check_sums(state: WindowState) -> None:
    """AssertionError unless both sums of a window are those of its leases, and no lease is negative."""
    settled = state.archived + sum(lease.settled for lease in state.leases.values())
    outstanding = sum(lease.outstanding for lease in state.leases.values())
    found = (state.settled, state.committed)
    assert found == (settled, settled + outstanding), f"{found} are not the sums of {state}"
    assert all(min(lease.outstanding, lease.settled) >= 0 for lease in state.leases.values()), state
