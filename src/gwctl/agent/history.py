"""The snapshots of late: a line of the usage log is priced by the policy that it was served under."""

from collections import OrderedDict
from pathlib import Path

from gwctl.agent.files import write_atomically
from gwctl.policy.snapshot import Snapshot, SnapshotError

KEPT = 20


class SnapshotHistory:
    """Snapshots by label, in a directory of their own; the oldest files go when there are more than `KEPT`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._loaded: OrderedDict[str, Snapshot] = OrderedDict()

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
        if label not in self._loaded:
            try:
                # The label is the edge's own word, yet it came through a log: it must not name another file.
                self._remember(Snapshot.from_json(self._file(Path(label).name).read_bytes()))
            except (OSError, SnapshotError):
                return None
        return self._loaded.get(label)

    def _remember(self, snapshot: Snapshot) -> None:
        self._loaded[snapshot.label] = snapshot
        self._loaded.move_to_end(snapshot.label)
        while len(self._loaded) > KEPT:
            self._loaded.popitem(last=False)

    def _file(self, label: str) -> Path:
        return self._directory / f"{label}.json"
