"""The tables. `migrations` makes them and brings them up to date; a test holds the two together.

Money is in nano-dollars. Times are seconds since the epoch, days are texts (`2026-11-29`), so both databases have the
same. `REVISION` is the newest migration: stores that find an older one still work, since migrations only ever add.
"""

from typing import Any, Final, get_args

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB

from gwctl.ledger.usage.sums import Counter

REVISION: Final = "0001"

metadata = MetaData()


class Amount(TypeDecorator[int]):
    """A whole number of any size on PostgreSQL, up to 9.2e18 on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        """NUMERIC on PostgreSQL."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(40, 0))

    def process_result_value(self, value: Any, dialect: Any) -> int | None:  # noqa: ARG002
        """A Decimal → int."""
        return None if value is None else int(value)


JsonObject = JSON().with_variant(JSONB(), "postgresql")


def text(name: str, **more: Any) -> "Column[str]":
    """A text that is always there."""
    return Column(name, Text, nullable=False, **more)


head = Table(
    "policy_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    text("audit_sha256"),
)
"""One row, of id 1: where the policy stands."""

documents = Table(
    "policy_documents",
    metadata,
    text("section", primary_key=True),
    text("id", primary_key=True),
    text("document"),
    Column("version", BigInteger, nullable=False),
    text("changed_by"),
    text("changed_at"),
)

changes = Table(
    "policy_changes",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    text("record"),
    text("actor"),
    text("action"),
    text("time"),
    Column("documents", LargeBinary),
)
"""The audit records of changes, one for each version; `documents` is a detached list, gzipped."""

snapshots = Table(
    "policy_snapshots",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("snapshot", LargeBinary, nullable=False),
    Column("archive", LargeBinary, nullable=False),
)

notes = Table("notes", metadata, text("name", primary_key=True), text("value"))
"""Small things that are replaced as a whole: the version in force, what a policy file held, how far a job is."""

clients = Table(
    "app_clients", metadata, text("id", primary_key=True), text("name"), text("scope"), Column("created_at", BigInteger)
)

secrets = Table(
    "app_client_secrets",
    metadata,
    text("client_id", primary_key=True),
    text("id", primary_key=True),
    text("sha256"),
    Column("created_at", Float, nullable=False),
)
"""Digests: the secrets themselves are kept nowhere."""

windows = Table(
    "quota_windows",
    metadata,
    text("quota", primary_key=True),
    text("unit", primary_key=True),
    text("window", primary_key=True),
    Column("committed", Amount, nullable=False),
    Column("settled", Amount, nullable=False),
    Column("archived", Amount, nullable=False),
    Column("leases", JsonObject, nullable=False),
    Column("notified", JsonObject, nullable=False),
    Column("expires_at", BigInteger),
)
"""A window with its leases in one row, so that one statement can look at both."""

COUNTERS: Final[tuple[str, ...]] = get_args(Counter)

usage = Table(
    "usage_sums",
    metadata,
    text("pk", primary_key=True),
    text("sk", primary_key=True),
    *(Column(name, Amount, nullable=False, server_default="0") for name in COUNTERS),
)
"""What the keys mean: `gwctl.ledger.usage.sums`."""

positions = Table("usage_positions", metadata, text("agent", primary_key=True), text("position"))

heads = Table(
    "audit_heads",
    metadata,
    text("shard", primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    text("hash"),
    text("time"),
    Column("at", BigInteger, nullable=False),
)

claims = Table(
    "job_claims", metadata, text("job", primary_key=True), Column("until", BigInteger, nullable=False), text("agent")
)

requests = Table(
    "llm_requests",
    metadata,
    text("day", primary_key=True),
    Column("timestamp", Float, primary_key=True, autoincrement=False),
    text("id", primary_key=True),
    Column("virtual_key_id", Text),
    Column("team", Text),
    Column("client", Text),
    Column("trace_id", Text),
    Column("api", Text),
    Column("model_requested", Text),
    Column("model_used", Text),
    Column("provider_used", Text),
    Column("template_id", Text),
    Column("prompt", LargeBinary),
    Column("answer", LargeBinary),
    Column("parameters", JsonObject),
    text("status"),
    text("outcome"),
    Column("http_status", Integer, nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("first_chunk_ms", Float),
    Column("cost_nano_usd", Amount),
    Column("cost_usd", Numeric(30, 9, asdecimal=False)),
    *(Column(f"{kind}_tokens", BigInteger, nullable=False) for kind in ("prompt", "completion", "total")),
    *(Column(f"{kind}_tokens", BigInteger, nullable=False) for kind in ("cache_read", "cache_creation", "reasoning")),
    Column("estimated", Text),
    Column("stream", Boolean, nullable=False),
    Column("policy", Text),
    Column("quota", Text),
    Column("error_message", Text),
    *(
        Index(f"llm_requests_{name}", name, "day", "timestamp", "id")
        for name in ("team", "client", "model_requested", "model_used", "provider_used", "status")
    ),
    *(Index(f"llm_requests_{name}", name) for name in ("id", "cost_nano_usd", "latency_ms")),
    postgresql_partition_by="LIST (day)",
)
"""One row for each usage event. PostgreSQL has a partition for each day, which retention drops."""
