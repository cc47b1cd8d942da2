"""The documents as they are now, at the price of a small read.

In: the stores. Out: a `State`. What was read before is kept and brought up to date by reading what changed since; a
first read, and one after a change of very many documents, takes the archive of the version in force where there is
one, which is one object however many clients there are.
"""

import logging
from threading import Lock

from gwctl.policy.state import Head, State, StateError
from gwctl.stores.interfaces import DocumentStore, SnapshotStore, UnavailableError

log = logging.getLogger("gwctl.admin")


class CurrentState:
    """Safe to share between threads."""

    def __init__(self, documents: DocumentStore, snapshots: SnapshotStore) -> None:
        self._documents = documents
        self._snapshots = snapshots
        self._known: State | None = None
        self._lock = Lock()

    def load(self) -> State:
        """The documents, all of one policy version that was the newest one during this call.

        Raises UnavailableError.
        """
        head = self._documents.head()
        found = self._updated(self._known, head) or self._updated(self._archived(head.version), head)
        return self._keep(found or self._documents.load())

    def remember(self, state: State) -> None:
        """Takes over a state that was just written."""
        self._keep(state)

    def _updated(self, state: State | None, head: Head) -> State | None:
        return None if state is None else self._documents.load_since(state, head)

    def _keep(self, state: State) -> State:
        with self._lock:
            if self._known is None or self._known.version < state.version:
                self._known = state
        return state

    def _archived(self, version: int) -> State | None:
        # An archive is an optimisation here: whatever is wrong with it, the table has the documents.
        try:
            data = self._snapshots.archive(version) if version else None
            return State.from_archive(data) if data else None
        except (UnavailableError, StateError) as error:
            log.warning("the archive of policy version %d was not used: %s", version, error)
            return None
