"""The snapshots of late: a line of the usage log is priced by the policy that it was served under."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from gwctl.core.files import write_atomically
from gwctl.policy.snapshot import Snapshot, SnapshotError

KEPT = 20


class SnapshotHistory:
    """Snapshots by label, in a directory of their own; the oldest files go when there are more than `KEPT`.

    Safe to share between threads.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._loaded: OrderedDict[str, Snapshot] = OrderedDict()
        self._lock = Lock()

    def add(self, snapshot: Snapshot) -> None:
        """Keeps a snapshot."""
        self._remember(snapshot)
        file = self._file(snapshot.label)
        if not file.exists():
            write_atomically(file, snapshot.to_json())
            files = sorted(self._directory.glob("*.json"), key=lambda each: each.stat().st_mtime_ns)
            for old in files[:-KEPT]:
                old.unlink()

    def find(self, label: str | None) -> Snapshot | None:
        """The snapshot with this label, if it is still there."""
        if label is None:
            return None
        found = self._loaded.get(label)
        if found is not None:
            return found
        try:
            # The label is the edge's own word, yet it came through a log: it must not name another file.
            read = Snapshot.from_json(self._file(Path(label).name).read_bytes())
        except (OSError, SnapshotError):
            return None
        self._remember(read)
        return read if read.label == label else None

    def _remember(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._loaded[snapshot.label] = snapshot
            self._loaded.move_to_end(snapshot.label)
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)

    def _file(self, label: str) -> Path:
        return self._directory / f"{label}.json"
