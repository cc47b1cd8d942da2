"""Tells when files may have changed, so that nobody has to look again and again. In: files. Out: an end of waiting.

On Linux the kernel says so (inotify: one instance for each `FileWatcher`, of which a user may have 128). Where it does
not, elsewhere or when there are no instances left, the files are looked at every `LOOK_SECONDS`. A volume may keep its
changes from the kernel, so nobody should wait for ever.
"""

import asyncio
import ctypes
import os
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

LOOK_SECONDS: Final = 0.1

_HEAD: Final = struct.Struct("iIII")
_MASK: Final = 0x2 | 0x4 | 0x80 | 0x100
"""IN_MODIFY, IN_ATTRIB, IN_MOVED_TO and IN_CREATE in sys/inotify.h: written, touched, replaced, made."""


class FileWatch:
    """Some files, to be waited for by one task. `told`: the system says when they change."""

    def __init__(self, files: Sequence[Path], *, told: bool) -> None:
        self._files = files
        self._told = told
        self._changed = asyncio.Event()
        self._seen = () if told else _state(files)

    def wake(self) -> None:
        """Ends the waiting of now, or the next one."""
        self._changed.set()

    async def wait(self, seconds: float) -> None:
        """Returns when one of the files may have changed since the last time, at the latest after so long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self._changed.is_set() and (left := until - loop.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left if self._told else min(left, LOOK_SECONDS))
            if not self._told and self._seen != _state(self._files):
                break
        self._changed.clear()
        self._seen = () if self._told else _state(self._files)


class FileWatcher:
    """Makes watches for the event loop that runs now, until it is closed. A file may be missing, its folder not."""

    def __init__(self) -> None:
        self._descriptor = _instance()
        self._watches: dict[tuple[int, bytes], list[FileWatch]] = {}
        """By the folder's number and the file's name; an empty one: any file in it."""
        if self._descriptor is not None:
            asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nobody is told anything any more."""
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def watch(self, files: Iterable[Path | None]) -> FileWatch:
        """A watch of these files, or of all files in a folder; None is no file."""
        # A link's target is written elsewhere, while the link itself may be replaced.
        named = {place for file in files if file is not None for place in (file, file.resolve())}
        places = [(place.parent, os.fsencode(place.name)) for place in named]
        places += [(place, b"") for place in named if place.is_dir()]
        keys = [(self._number(folder), name) for folder, name in places]
        found = FileWatch(sorted(named), told=all(number >= 0 for number, _ in keys))
        for key in keys:
            self._watches.setdefault(key, []).append(found)
        return found

    def _number(self, folder: Path) -> int:
        """What the kernel calls a folder; negative: it does not tell about this one."""
        if self._descriptor is None:
            return -1
        return ctypes.CDLL(None).inotify_add_watch(self._descriptor, os.fsencode(folder), _MASK)

    def _read(self) -> None:
        assert self._descriptor is not None
        with suppress(BlockingIOError):
            for folder, name in _changes(os.read(self._descriptor, 65536)):
                # Folder -1: there were more changes than the kernel keeps.
                keys = [(folder, name), (folder, b"")] if folder >= 0 else list(self._watches)
                for key in keys:
                    for watch in self._watches.get(key, ()):
                        watch.wake()


def _changes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The folder's number and the file's name of each change."""
    start = 0
    while start < len(data):
        folder, _, _, size = _HEAD.unpack_from(data, start)
        start += _HEAD.size + size
        yield folder, data[start - size : start].rstrip(b"\0")


def _instance() -> int | None:
    if sys.platform != "linux":
        return None
    # The kernel takes the flags from those of files.
    descriptor = ctypes.CDLL(None).inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    return descriptor if descriptor >= 0 else None


def _state(files: Iterable[Path]) -> Sequence[tuple[Path, int, int, int]]:
    found: list[tuple[Path, int, int, int]] = []
    for file in files:
        with suppress(OSError):
            for each in [file, *(sorted(file.iterdir()) if file.is_dir() else ())]:
                status = each.stat()
                found.append((each, status.st_ino, status.st_size, status.st_mtime_ns))
    return found
