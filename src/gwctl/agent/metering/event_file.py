"""Usage events as JSON lines in a file, each exactly once, also across a kill -9.

The checkpoint beside the file says how many bytes of it belong to committed lines of the usage log. What a crash
left behind them is cut off at the next start, and the lines that it came from are read again.
"""

import os
from collections.abc import Iterable
from pathlib import Path


class EventFile:
    """An append-only file with a committed length."""

    def __init__(self, path: Path, committed: int) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Shorter than committed: somebody moved the file away; what comes now starts a new one.
        self.size = min(committed, os.fstat(self._descriptor).st_size)
        os.ftruncate(self._descriptor, self.size)

    def append(self, lines: Iterable[bytes]) -> None:
        """Writes the lines and waits until they are on the disk. Raises OSError and leaves the size unchanged."""
        data = b"".join(line + b"\n" for line in lines)
        if not data:
            return
        written = 0
        while written < len(data):
            written += os.pwrite(self._descriptor, data[written:], self.size + written)
        os.fsync(self._descriptor)
        self.size += len(data)

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)
