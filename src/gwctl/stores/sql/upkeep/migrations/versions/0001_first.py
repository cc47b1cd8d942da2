"""The first tables: policy, app clients, quotas, usage, the audit log's heads, records of requests."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
AMOUNT = sa.BigInteger().with_variant(sa.Numeric(40, 0), "postgresql")
COUNTERS = (
    *("requests", "served", "refused", "failed", "cut", "estimated", "unpriced", "input_tokens", "output_tokens"),
    *("cache_read_tokens", "cache_creation_tokens", "reasoning_tokens", "cost_nano_usd"),
)


def key(name: str, kind: Any = sa.Text) -> sa.Column[Any]:
    """A part of the primary key."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def col(name: str, kind: Any = sa.Text, **more: Any) -> sa.Column[Any]:
    """A column that is always filled, unless `more` says so."""
    return sa.Column(name, kind, **{"nullable": False, **more})


def upgrade() -> None:
    """Makes all of them."""
    big, optional = sa.BigInteger, {"nullable": True}
    op.create_table("policy_head", key("id", sa.Integer), col("version", big), col("audit_sha256"))
    op.create_table(
        "policy_documents",
        *(key("section"), key("id"), col("document"), col("version", big), col("changed_by"), col("changed_at")),
    )
    op.create_table(
        "policy_changes",
        *(key("version", big), col("record"), col("actor"), col("action"), col("time")),
        col("documents", sa.LargeBinary, **optional),
    )
    op.create_table(
        "policy_snapshots", key("version", big), col("snapshot", sa.LargeBinary), col("archive", sa.LargeBinary)
    )
    op.create_table("notes", key("name"), col("value"))
    op.create_table("app_clients", key("id"), col("name"), col("scope"), col("created_at", big, **optional))
    op.create_table("app_client_secrets", key("client_id"), key("id"), col("sha256"), col("created_at", sa.Float))
    op.create_table(
        "quota_windows",
        *(key("quota"), key("unit"), key("window")),
        *(col("committed", AMOUNT), col("settled", AMOUNT), col("archived", AMOUNT)),
        *(col("leases", JSON), col("notified", JSON), col("expires_at", big, **optional)),
    )
    sums = (col(name, AMOUNT, server_default="0") for name in COUNTERS)
    op.create_table("usage_sums", key("pk"), key("sk"), *sums)
    op.create_table("usage_positions", key("agent"), col("position"))
    op.create_table(
        "audit_heads",
        *(key("shard"), key("slot", big), col("sequence", big), col("hash"), col("time"), col("at", big)),
    )
    op.create_table("job_claims", key("job"), col("until", big), col("agent"))
    _requests()


def _requests() -> None:
    maybe = {"nullable": True}
    who = ("virtual_key_id", "team", "client", "trace_id", "api", "model_requested", "model_used", "provider_used")
    tokens = ("prompt", "completion", "total", "cache_read", "cache_creation", "reasoning")
    op.create_table(
        "llm_requests",
        *(key("day"), key("timestamp", sa.Float), key("id")),
        *(col(name, **maybe) for name in (*who, "template_id")),
        *(col("prompt", sa.LargeBinary, **maybe), col("answer", sa.LargeBinary, **maybe)),
        *(col("parameters", JSON, **maybe), col("status"), col("outcome"), col("http_status", sa.Integer)),
        *(col("latency_ms", sa.Float), col("first_chunk_ms", sa.Float, **maybe)),
        *(col("cost_nano_usd", AMOUNT, **maybe), col("cost_usd", sa.Numeric(30, 9), **maybe)),
        *(col(f"{kind}_tokens", sa.BigInteger) for kind in tokens),
        *(col("estimated", **maybe), col("stream", sa.Boolean)),
        *(col(name, **maybe) for name in ("policy", "quota", "error_message")),
        postgresql_partition_by="LIST (day)",
    )
    for name in ("team", "client", "model_requested", "model_used", "provider_used", "status"):
        op.create_index(f"llm_requests_{name}", "llm_requests", [name, "day", "timestamp", "id"])
    for name in ("id", "cost_nano_usd", "latency_ms"):
        op.create_index(f"llm_requests_{name}", "llm_requests", [name])
