"""State → compiled snapshot → in force.

A version's content is fixed by whoever keeps it first. So publishing may be cut off anywhere and be repeated by
anybody: the outcome is the same.
"""

from collections.abc import Callable, Sequence
from datetime import date

from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Documents, Provider
from gwctl.policy.snapshot import Snapshot
from gwctl.policy.state import State
from gwctl.stores.interfaces import SnapshotStore


class Publisher:
    """Compiles with the deployment's providers and the day's prices."""

    def __init__(self, snapshots: SnapshotStore, providers: Sequence[Provider], today: Callable[[], date]) -> None:
        self._snapshots = snapshots
        self.providers = tuple(providers)
        """Those of the deployment. A local gateway has others when its policy file names others."""
        self.today = today

    def documents(self, state: State) -> Documents:
        """The state's documents and the deployment's providers."""
        return state.documents(self.providers)

    def compile(self, state: State) -> Snapshot:
        """The snapshot of a state. Raises PolicyError."""
        return compile_policy(self.documents(state), version=state.version, on=self.today())

    def publish(self, state: State, snapshot: Snapshot) -> None:
        """Puts it into force unless a newer one is. Raises UnavailableError."""
        self._snapshots.publish(snapshot, state.to_archive())

    def is_behind(self, state: State) -> bool:
        """Whether the snapshot in force is older than the state. Raises UnavailableError."""
        current = self._snapshots.current()
        return state.version > 0 and (current is None or current < state.version)

    def heal(self, state: State) -> bool:
        """Publishes the state if what is in force is older; says whether it was.

        Raises PolicyError, UnavailableError.
        """
        if not self.is_behind(state):
            return False
        self.publish(state, self.compile(state))
        return True
