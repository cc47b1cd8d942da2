"""Records of requests: a row for each usage event. Written by the agent, listed by the admin API.

PostgreSQL keeps a partition for each day, made when the first event of it comes; a day's rows go with its partition.
SQLite has one table. Content (prompts and answers) is in no usage event, and so in no row.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

import msgspec
from sqlalchemy import Connection, delete, select, text

from gwctl.pricing.prices import NANO_PER_USD
from gwctl.pricing.tokens import otel_name
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.schema import requests

LOCK: Final = 74_201_511
"""An advisory lock of PostgreSQL's: one process at a time makes or drops partitions."""


class RequestRecords:
    """The table `llm_requests`. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._days: set[str] = set()
        self._insert = database.insert(requests).on_conflict_do_nothing()

    def prepare(self, events: Iterable[bytes]) -> list[dict[str, Any]]:
        """The rows of usage events as the agent wrote them; their partitions are made. Raises UnavailableError."""
        rows = [row_of(_EVENT.decode(event)) for event in events]
        missing = {row["day"] for row in rows} - self._days
        if missing:
            with self._database.writing() as connection:
                self.make_partitions(connection, missing)
        return rows

    def make_partitions(self, connection: Connection, days: Iterable[str]) -> None:
        """The same as a part of the caller's transaction, for days as they are stored."""
        missing = set(days) - self._days
        if missing and not self._database.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            for day in sorted(missing):
                connection.execute(text(_partition(date.fromisoformat(day))))
        self._days |= missing

    def write(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Adds the rows, as a part of the caller's transaction."""
        connection.execute(self._insert, rows)

    def drop_before(self, first: date) -> int:
        """Drops the days before `first`; how many of them there were. Raises UnavailableError."""
        if self._database.sqlite:
            with self._database.writing() as connection:
                old = requests.c.day < str(first)
                days = len(connection.execute(select(requests.c.day).where(old).distinct()).all())
                connection.execute(delete(requests).where(old))
            return days
        with self._database.writing() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            children = text(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'llm_requests'::regclass"
            )
            names = [name for (name,) in connection.execute(children) if _name_day(name) < first]
            for name in names:
                connection.execute(text(f'DROP TABLE "{name}"'))
                self._days.discard(str(_name_day(name)))
        return len(names)


class Recorded(msgspec.Struct, frozen=True, rename=otel_name):
    """A usage event as far as it is recorded, by the names of `UsageEvent`."""

    id: str
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    duration: float
    status: int
    outcome: str
    time_to_first_chunk: float | None = None
    team: str | None = None
    client: str | None = None
    model: str | None = None
    api: str | None = None
    stream: bool = False
    policy: str | None = None
    refusal: str | None = None
    quota: str | None = None
    error_type: str | None = None
    provider: str | None = None
    target_model: str | None = None
    response_model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_creation_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: str | bool = False
    cost_nano_usd: int | None = None


_EVENT: Final = msgspec.json.Decoder(Recorded)


def row_of(event: Recorded) -> dict[str, Any]:
    """The event by the table's columns."""
    started = event.started_at.astimezone(UTC)
    return {
        "day": f"{started:%Y-%m-%d}",
        "timestamp": started.timestamp(),
        "id": event.id,
        "team": event.team,
        "client": event.client,
        "api": event.api,
        "model_requested": event.model,
        "model_used": event.response_model or event.target_model,
        "provider_used": event.provider,
        "status": "success" if event.outcome == "served" else "failure",
        "outcome": event.outcome,
        "http_status": event.status,
        "latency_ms": round(event.duration * 1000, 3),
        "first_chunk_ms": None if event.time_to_first_chunk is None else round(event.time_to_first_chunk * 1000, 3),
        "cost_nano_usd": event.cost_nano_usd,
        "cost_usd": None if event.cost_nano_usd is None else event.cost_nano_usd / NANO_PER_USD,
        "prompt_tokens": event.input_tokens,
        "completion_tokens": event.output_tokens,
        "total_tokens": event.input_tokens + event.output_tokens,
        "cache_read_tokens": event.cache_read_tokens,
        "cache_creation_tokens": event.cache_creation_tokens,
        "reasoning_tokens": event.reasoning_tokens,
        "estimated": event.estimated or None,
        "stream": event.stream,
        "policy": event.policy,
        "quota": event.quota,
        "error_message": event.refusal or event.error_type,
    }


def _partition(day: date) -> str:
    # A date of our own making: partitions cannot be named by parameters.
    return f"CREATE TABLE IF NOT EXISTS llm_requests_{day:%Y%m%d} PARTITION OF llm_requests FOR VALUES IN ('{day}')"


def _name_day(name: str) -> date:
    return date.fromisoformat(name.rpartition("_")[2])
