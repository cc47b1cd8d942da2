"""The file of usage events as a queue: lines by their position, over rotated parts, up to what is committed.

A position counts the bytes of all events ever written, so it goes on where a rotated part ends. Parts lie beside the
file as `usage-events.jsonl.<position of its first byte>`; what is committed, and where the current file begins, says
the checkpoint of `metering`. The position of an event never changes.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DIGITS = 15


@dataclass(frozen=True, slots=True)
class Committed:
    """The current file begins at position `base`, and `size` bytes of it are committed."""

    base: int
    size: int

    @property
    def end(self) -> int:
        """The position behind the last committed event."""
        return self.base + self.size


NOTHING = Committed(0, 0)


def part_name(path: Path, base: int) -> Path:
    """The name under which a part that begins at `base` is put aside."""
    return path.with_name(f"{path.name}.{base:0{DIGITS}d}")


def committed_in(checkpoint: Path) -> Committed:
    """What the checkpoint of `metering` says. Raises OSError or ValueError if it cannot be read; absent: nothing."""
    try:
        content = json.loads(checkpoint.read_bytes())
    except FileNotFoundError:
        return NOTHING
    return Committed(int(content.get("events_base", 0)), int(content["events_bytes"]))


@dataclass(frozen=True, slots=True)
class Part:
    """One file: the position of its first byte, and how many bytes count."""

    path: Path
    base: int
    size: int

    @property
    def end(self) -> int:
        """The position behind its last byte."""
        return self.base + self.size


@dataclass(frozen=True, slots=True)
class Line:
    """An event as it was written, without the line end, and the position behind it."""

    data: bytes
    end: int


class EventQueue:
    """Reads events by position, and deletes parts that nobody needs. Not to be shared between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def parts(self, committed: Committed) -> list[Part]:
        """What there is, oldest first. The current file is the last one."""
        return [*self._rotated(), Part(self._path, committed.base, committed.size)]

    def read(self, position: int, committed: Committed, *, lines: int, size: int) -> list[Line]:
        """The next events behind `position`: at most so many, and about so many bytes. Empty: there are none (yet).

        What is gone is skipped: compare the first line's place with `position` by `oldest`.
        """
        position = max(position, self.oldest(committed))
        for part in self.parts(committed):
            if part.base <= position < part.end:
                found = list(_lines(part, position, lines, size))
                return found if self._is_still(part) else []
        return []

    def oldest(self, committed: Committed) -> int:
        """The position of the first event that is still there."""
        return min((part.base for part in self.parts(committed)), default=0)

    def delete(self, before: int, committed: Committed, keep: int) -> None:
        """Deletes the parts that end before a position and are not among the newest `keep` bytes."""
        for part in self._rotated():
            if part.end <= before and committed.end - part.end >= keep:
                part.path.unlink(missing_ok=True)

    def _rotated(self) -> list[Part]:
        found = [file for file in self._path.parent.glob(f"{self._path.name}.*") if file.suffix[1:].isdigit()]
        parts = [Part(file, int(file.suffix[1:]), file.stat().st_size) for file in found]
        return sorted(parts, key=lambda part: part.base)

    def _is_still(self, part: Part) -> bool:
        # The writer may have put the current file aside before it was opened: then its name meant another one.
        return part.path != self._path or not part_name(self._path, part.base).exists()


def _lines(part: Part, position: int, lines: int, size: int) -> Iterator[Line]:
    with part.path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < part.size:
            return  # shorter than committed: it was put aside just now, or somebody took it away
        file.seek(position - part.base)
        data = file.read(min(size, part.end - position))
        if b"\n" not in data:
            data += file.readline(part.end - position - len(data))
    start = 0
    for _ in range(lines):
        end = data.find(b"\n", start)
        if end < 0:
            return
        yield Line(data[start:end], position + end + 1)
        start = end + 1
