"""Where usage events come from. In: a period. Out: its events, each once.

`EventSource` is the one interface that reports read through. `EventFiles` are JSON lines as a local gateway writes
them; `AuditLog` is the audit log, in a bucket, in a local gateway, or in a directory with a copy of it.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol

from pydantic import ValidationError

from gwctl.audit.verify.reading import Days, Source, records_in
from gwctl.core.errors import UserError
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.usage.periods import Period


class EventSource(Protocol):
    """Events of requests that began in a period; one that was delivered twice comes once."""

    def events(self, period: Period) -> Iterator[UsageEvent]:
        """In no particular order. Raises UserError when they cannot be read."""
        ...


class EventFiles:
    """Files with one event a line; `.gz` is unpacked. Without an end of line, the last line is still being written."""

    def __init__(self, *paths: Path) -> None:
        self._paths = paths

    def events(self, period: Period) -> Iterator[UsageEvent]:
        """See `EventSource.events`."""
        seen: set[str] = set()
        for path in self._paths:
            for number, line in self._lines(path):
                event = _event(path, number, line)
                if event is not None and event.started_at in period and event.id not in seen:
                    seen.add(event.id)
                    yield event

    def _lines(self, path: Path) -> Iterator[tuple[int, bytes]]:
        try:
            with _open(path) as file:
                for number, line in enumerate(file, 1):
                    if line.endswith(b"\n") and line.strip():
                        yield number, line
        except FileNotFoundError:
            raise UserError(f"there are no usage events in {path}; name a file with --events") from None
        except (OSError, EOFError) as error:
            raise UserError(f"{path} cannot be read ({error})") from None


class AuditLog:
    """The audit log's records of usage. Reading Parquet takes pyarrow."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def events(self, period: Period) -> Iterator[UsageEvent]:
        """See `EventSource.events`."""
        seen: set[str] = set()
        for found in records_in(self._source, Days(period.first, period.last)):
            if found.record is None:
                raise UserError(f"{found.where}: {found.problem}; `gwctl audit verify` tells more")
            if found.record.get("kind", "usage") != "usage":
                continue
            event = _of_record(found.where, found.record)
            if event.started_at in period and event.id not in seen:
                seen.add(event.id)
                yield event


def _of_record(where: str, record: Mapping[str, Any]) -> UsageEvent:
    """The event that a record was made of; see `gwctl.audit.chain`."""
    content = {name: value for name, value in record.items() if name in UsageEvent.model_fields and value is not None}
    if content.get("estimated") == "false":
        content["estimated"] = False
    started = content.get("started_at")
    if isinstance(started, datetime) and started.tzinfo is None:
        content["started_at"] = started.replace(tzinfo=UTC)
    try:
        return UsageEvent.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{where}: not a record of usage ({str(error).splitlines()[1]})") from None


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]  # it reads bytes line by line like any other
    return path.open("rb")


def _event(path: Path, number: int, line: bytes) -> UsageEvent:
    try:
        content = json.loads(line)
        known = {name: value for name, value in content.items() if name in _FIELDS}
        return UsageEvent.model_validate(known)
    except (ValueError, AttributeError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}, line {number}: not a usage event ({reason}); remove the line or the file") from None


_FIELDS = {name for field, info in UsageEvent.model_fields.items() for name in (field, info.alias) if name}
"""An event of a newer version may say more; what it says besides does not matter to reports."""
