"""The audit log as files: records as lines, in a file for each day and chain. In: lines. Out: all of them on the disk.

    DIRECTORY/year=2026/month=11/day=29/<shard>.jsonl

The names are those below which Firehose puts its files, so what reads a copy of a deployment's log reads this.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gwctl.stores.interfaces import UnavailableError


class AuditFiles:
    """See `gwctl.stores.interfaces.AuditSink`. A chain has one writer; different ones may share the directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, lines: Sequence[bytes]) -> None:
        """See `AuditSink.put`."""
        files: dict[Path, list[bytes]] = {}
        for line in lines:
            files.setdefault(self._file_of(json.loads(line)), []).append(line)
        try:
            for file, own in files.items():
                _append(file, b"".join(own))
        except OSError as error:
            raise UnavailableError(f"{self._directory}: {error.strerror}") from error

    def _file_of(self, record: dict[str, Any]) -> Path:
        year, month, day = str(record["time"])[:10].split("-")
        return self._directory / f"year={year}" / f"month={month}" / f"day={day}" / f"{record['shard']}.jsonl"


def _append(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        # Half a line is what a crash has left of records that nobody was told are safe: they come again.
        file.seek(_whole(file.fileno()))
        file.truncate()
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _whole(descriptor: int) -> int:
    """How many bytes of a file are whole lines."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - 65536)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
