"""Closes the edge when there is no room for its usage log, and opens it again. In: whether. Out: a file Envoy watches.

The word that closes it lies ready beside the file: a full disk cannot be written to, but a file can still be renamed.
"""

import logging
from pathlib import Path

from gwctl.core.files import write_atomically

log = logging.getLogger("gwctl.agent")

OPEN = b"0"
CLOSED = b"1"


class Gate:
    """`path` is `EdgeSettings.pressure_file`. It stays as a former life left it until `set`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ready = path.with_name(f"{path.name}.closed")
        self._closed = path.exists() and path.read_bytes() == CLOSED

    def set(self, problem: str | None) -> None:
        """Closes the edge because of a problem, or opens it if there is none. Raises OSError; then it stays."""
        if not self._ready.exists() and not (problem and self._closed):
            write_atomically(self._ready, CLOSED)
        if problem and not self._closed:
            self._ready.rename(self._path)
            self._closed = True
            log.error("every request is refused: %s", problem)
        elif self._closed and not problem:
            write_atomically(self._path, OPEN)
            self._closed = False
            log.warning("requests are taken again")
