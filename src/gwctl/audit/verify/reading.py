"""Audit records out of files: newline-delimited JSON or Parquet, in a directory or in S3.

In: a `Source`, which lists files and reads them. Out: records by column, with the name of their file; what cannot be
read is said, not skipped. A deployment's Firehose writes Parquet (modules/audit_log), the local one JSON. pyarrow reads
Parquet: it is in the extra `parquet`, because it is larger than all the rest.
"""

import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from gwctl.audit.chain import columns_of
from gwctl.core.errors import UserError

MARGIN: Final = timedelta(days=1)
"""A chain is in the order in which requests ended, files by the day on which they began: look so far beside a range."""

READERS: Final = 8
_DAY: Final = re.compile(r"year=(\d{4})/month=(\d{2})/day=(\d{2})/")
_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"


@dataclass(frozen=True, slots=True)
class Days:
    """From a day to a day, both included; None: from the first, to the last there is."""

    first: date | None = None
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    @property
    def with_margin(self) -> "Days":
        """A day more at each end."""
        return Days(self.first and self.first - MARGIN, self.last and self.last + MARGIN)


@dataclass(frozen=True, slots=True)
class Found:
    """A record by column, or why there is none; `where` it was."""

    where: str
    record: Mapping[str, Any] | None
    problem: str = ""

    @property
    def day(self) -> date | None:
        """The day of its `time`; None: it says none."""
        try:
            return date.fromisoformat(str((self.record or {}).get("time"))[:10])
        except ValueError:
            return None


class Source(Protocol):
    """Where the files are. Both methods may raise UserError."""

    def files(self) -> Iterable[str]:
        """The names of all files."""
        ...

    def read(self, name: str) -> bytes:
        """One file's content. May be called in several threads at once."""
        ...


class Directory:
    """A directory and all files below it, but for hidden ones."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def files(self) -> Iterable[str]:
        """See `Source.files`. Raises UserError: there is no such directory."""
        if not self._root.is_dir():
            raise UserError(f"{self._root} is not a directory; name the one with the audit log's files")
        found = sorted(path for path in self._root.rglob("*") if path.is_file() and not path.name.startswith("."))
        return [path.relative_to(self._root).as_posix() for path in found]

    def read(self, name: str) -> bytes:
        """See `Source.read`."""
        return (self._root / name).read_bytes()


def records_in(source: Source, days: Days) -> Iterator[Found]:
    """The records of these days and of a day around them, and all that cannot be read. In no order.

    Raises UserError: the source cannot be read, or Parquet without pyarrow.
    """
    wanted = days.with_margin
    names = (name for name in source.files() if (day := _day_of(name)) is None or day in wanted)
    with ThreadPoolExecutor(max_workers=READERS) as pool:
        while group := list(islice(names, READERS * 2)):
            for name, data in zip(group, pool.map(source.read, group), strict=True):
                for found in _parse(name, data):
                    if found.day is None or found.day in wanted:
                        yield found


def _day_of(name: str) -> date | None:
    match = _DAY.search(name)
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def _parse(name: str, data: bytes) -> Iterator[Found]:
    if data.startswith(_GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError) as error:
            yield Found(name, None, f"the file is damaged: {error}")
            return
    if data.startswith(_PARQUET):
        yield from _parquet(name, data)
        return
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            content = json.loads(line)
        except ValueError as error:
            yield Found(where, None, f"the line is not JSON: {error}")
            continue
        if isinstance(content, dict):
            yield Found(where, columns_of(content))
        else:
            yield Found(where, None, "the line is not a JSON object")


def _parquet(name: str, data: bytes) -> Iterator[Found]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UserError(
            f"{name} is Parquet, and nothing here can read that; install pyarrow: pip install 'gwctl[parquet]'"
        ) from error
    parquet: Any = pq
    try:
        table = parquet.ParquetFile(io.BytesIO(data)).read()
    except (pa.ArrowException, OSError) as error:
        yield Found(name, None, f"the file is damaged: {error}")
        return
    for number, record in enumerate(table.to_pylist(), start=1):
        yield Found(f"{name}:{number}", record)
