"""Usage event → audit record, each with the hash of the one before it in its shard. Pure and deterministic.

A shard is one agent's chain. `sequence` counts its records from 0. `hash` is the SHA-256 over the record's columns, so
it is the same whether the record is read as JSON or from Parquet, where JSON's spelling is lost. The same event at the
same place always makes the same record: one that was sent again is a copy, not a second one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from gwctl.pricing.tokens import OTEL_NAMES

Record = Mapping[str, Any]
"""Column (or JSON key) → value."""

GENESIS: Final = "0" * 64
"""`previous_hash` of a chain's first record."""

MAX_TEXT: Final = 8192
"""No text in a record is longer: Firehose takes records of 1,000 KiB. A team's tags fit."""

SMALLEST, LARGEST = 1e-4, 1e16
_SPELLED_ALIKE: Final = frozenset({str, int, bool})
"""What msgspec, which takes a fifth of the time, writes byte for byte as `json` does."""
_SORTED: Final = msgspec.json.Encoder(order="deterministic")
_COLUMNS: Final = {outside: column for column, outside in OTEL_NAMES.items()}


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: its last record's sequence and hash."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class DatedHead:
    """A chain's head, the `time` of its last record, and when (epoch seconds) Firehose had accepted all up to it."""

    shard: str
    head: Head
    time: str
    at: int


EMPTY: Final = Head(-1, GENESIS)
"""The head of a chain without records."""


def columns_of(record: Record) -> dict[str, Any]:
    """The record by the names of its columns, whether its keys are these or those of its JSON."""
    return {_COLUMNS.get(key, key): value for key, value in record.items()}


def hash_of(record: Record) -> str:
    """The hex SHA-256 over all columns but `hash`: canonical JSON (sorted keys, no spaces, UTF-8).

    What is absent, null or an empty text is left out: Parquet and the readers before it do not tell them apart.
    """
    columns = {
        _COLUMNS.get(key, key): value
        for key, value in record.items()
        if value is not None and value != "" and key != "hash"
    }
    return hashlib.sha256(_canonical(columns)).hexdigest()


def _canonical(columns: Record) -> bytes:
    if all(type(value) in _SPELLED_ALIKE or _is_middling(value) for value in columns.values()):
        return _SORTED.encode(columns)
    text = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def _is_middling(value: object) -> bool:
    """Whether it is a number that is written without an exponent: these are spelled in more than one way."""
    return type(value) is float and (value == 0 or SMALLEST <= abs(value) < LARGEST)


def usage_record(event: Record, shard: str, before: Head) -> tuple[dict[str, Any], Head]:
    """The record of a usage event, as read from the agent's file, behind `before`; and the chain's new head.

    Raises ValueError for what is not a usage event.
    """
    try:
        moment = datetime.fromisoformat(event["started_at"]).astimezone(UTC)
        identity = _text(str(event["id"]))
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"not a usage event: {error!r}") from error
    record: dict[str, Any] = {
        **event,
        **{key: _text(value) for key, value in event.items() if isinstance(value, str) and not _is_plain(value)},
        "id": identity,
        "kind": "usage",
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        # A column has one type: `false` is a word beside the reasons.
        "estimated": event["estimated"] if event.get("estimated") else "false",
        "shard": shard,
        "sequence": before.sequence + 1,
        "previous_hash": before.hash,
    }
    record["hash"] = hash_of(record)
    return record, Head(record["sequence"], record["hash"])


def to_line(record: Record) -> bytes:
    """The record as Firehose gets it: one line of JSON, with its line end."""
    return msgspec.json.encode(record) + b"\n"


def _is_plain(value: str) -> bool:
    return value.isascii() and len(value) <= MAX_TEXT


def _text(value: str) -> str:
    # Half a surrogate pair, which JSON can spell and UTF-8 cannot, would make the hash depend on who reads it.
    return value[:MAX_TEXT].encode("utf-8", "replace").decode()
