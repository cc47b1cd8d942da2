"""Follows the edge's usage log: whole lines in the order they were written, none left out.

The reader survives rotation (the file is renamed and Envoy told to reopen it) and restarts. Reading may be ahead of
what is safe elsewhere: `advance` moves on to the next lines, `commit` says from where to begin after a restart, so a
crash repeats lines and loses none.
"""

import os
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Position:
    """A place in the log: the file's inode and the offset of the first byte that was not committed."""

    inode: int
    offset: int


@dataclass(frozen=True)
class Batch:
    """Whole lines without their line ends, and the position behind the last one."""

    lines: tuple[bytes, ...]
    end: Position


class UsageLog:
    """The log at `path`, with rotated files beside it as `<name>.1`, `<name>.2`, … (a higher number is newer).

    `position` is the last committed one, or None to start with the oldest file there is.
    """

    def __init__(self, path: Path, position: Position | None) -> None:
        self._path = path
        self._position = position
        self._committed = position

    def read(self) -> Batch | None:
        """The next lines, at most about a mebibyte of them, or None when there is nothing new.

        The same ones again until `advance` or `commit` moves on.
        """
        for file in self._unread():
            inode = file.stat().st_ino
            batch = _read_lines(file, inode, self._offset_in(inode))
            if batch.lines:
                return batch
        return None

    def advance(self, position: Position) -> None:
        """Goes on behind `position`, which is not committed yet."""
        self._position = position

    def commit(self, position: Position) -> None:
        """Says that everything before `position` is safe elsewhere; rotated files behind it are deleted."""
        if self._position == self._committed:
            self._position = position
        self._committed = position
        for file in self._rotated():
            if file.stat().st_ino == position.inode:
                break
            file.unlink()

    def rotate(self) -> None:
        """Moves the current file aside. Lines go on into it until Envoy has been told to reopen its logs."""
        newest = max((int(file.suffix[1:]) for file in self._rotated()), default=0)
        self._path.rename(self._path.with_name(f"{self._path.name}.{newest + 1}"))

    @property
    def position(self) -> Position:
        """Where `read` goes on; before the first line a position in no file."""
        return self._position or Position(0, 0)

    @property
    def size(self) -> int:
        """Bytes in the current file."""
        return self._path.stat().st_size if self._path.exists() else 0

    @property
    def lag(self) -> int:
        """Bytes that were written and not read."""
        statuses = [file.stat() for file in self._unread()]
        return sum(status.st_size - self._offset_in(status.st_ino) for status in statuses)

    def _offset_in(self, inode: int) -> int:
        return self._position.offset if self._position and self._position.inode == inode else 0

    def _unread(self) -> list[Path]:
        files = [*self._rotated(), *([self._path] if self._path.exists() else [])]
        inodes = [file.stat().st_ino for file in files]
        # A position in a file that is gone was wholly committed: then everything that is there is new.
        start = inodes.index(self._position.inode) if self._position and self._position.inode in inodes else 0
        return files[start:]

    def _rotated(self) -> list[Path]:
        found = [f for f in self._path.parent.glob(f"{self._path.name}.*") if f.suffix[1:].isdigit()]
        return sorted(found, key=lambda file: int(file.suffix[1:]))


def _read_lines(file: Path, inode: int, offset: int) -> Batch:
    with file.open("rb") as stream:
        if offset > os.fstat(stream.fileno()).st_size:
            offset = 0  # somebody truncated it: what is there now is new
        stream.seek(offset)
        data = stream.read(CHUNK_BYTES)
    end = data.rfind(b"\n") + 1
    if end == 0 and len(data) == CHUNK_BYTES:
        end = len(data)  # no line of the edge is as long: handed on, to be set aside as malformed
    lines = data[:end].removesuffix(b"\n").split(b"\n") if end else []
    return Batch(tuple(lines), Position(inode, offset + end))
