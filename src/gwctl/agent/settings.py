"""The agent's settings: one JSON document, the same locally and in a deployment. Nothing in it is secret.

Given as a file (`--config FILE`) or in the environment variable GWCTL_AGENT_SETTINGS. AWS credentials come the way
every AWS SDK takes them (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, task role, …), a database's password as libpq takes it
or in a file that has the URL.
"""

from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gwctl.edge.settings import EdgeSettings
from gwctl.stores.aws.settings import SnapshotPlace

MEBIBYTE = 1024 * 1024
DYNAMODB: Final = "dynamodb:"
SETTINGS_VARIABLE = "GWCTL_AGENT_SETTINGS"


class LedgerTables(BaseModel):
    """Names of DynamoDB tables; others of the deployment may stand beside them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ledger: str = Field(description="Quota windows and leases")
    usage: str = Field(description="Sums by team, client, model and day")
    audit: str | None = Field(default=None, description="The admin API's changes, which go to the audit log too")


class AgentSettings(BaseModel):
    """Paths are absolute. What is None or absent is not done: no snapshot is fetched, no event is sent, …"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deployment: str = "local"
    edge: EdgeSettings
    state_dir: Path = Field(description="What must survive a restart: identity, checkpoints, snapshots, events")
    status_path: Path
    bootstrap_path: Path | None = Field(default=None, description="Where Envoy's start configuration is written")
    gateway_preload_path: Path | None = Field(default=None, description="Where what Portkey's Node loads is written")
    gateway_notes_path: Path | None = Field(default=None, description="Where Portkey notes requests of a dead edge")
    snapshot_path: Path | None = Field(default=None, description="The local copy; default: in state_dir")
    events_path: Path | None = Field(default=None, description="Usage events; default: in state_dir")
    secrets_path: Path | None = Field(default=None, description="JSON, mode 0600: provider id to its secret fields")
    provider_secrets: dict[str, str] = Field(
        default_factory=dict, description="Provider id to the name of its secret in Secrets Manager"
    )
    bedrock_role_arn: str | None = Field(
        default=None, description="The role whose sessions sign calls to Bedrock; without one the agent's own"
    )
    region: str = "us-east-1"
    database_url: str | None = Field(
        default=None,
        description="sqlite:///FILE, postgresql+psycopg://USER@HOST/DATABASE, or file:PATH with one of these; "
        "dynamodb:// and None: on AWS, with the resources that the next settings name",
    )
    audit_dir: Path | None = Field(default=None, description="With a database: where the audit log's files are")
    record: Literal["none", "metadata"] = Field(
        default="metadata", description="With a database: whether it has a row for each request"
    )
    record_days: int = Field(default=30, ge=1, description="For how many days those rows are kept")
    snapshot: SnapshotPlace | None = None
    snapshot_poll_seconds: float = Field(
        default=1.0, gt=0, le=60, description="How often the snapshot is asked for; whoever publishes here says so too"
    )
    tables: LedgerTables | None = Field(default=None, description="Without them every quota that blocks refuses")
    audit_stream: str | None = Field(default=None, description="Firehose delivery stream of the usage events")
    notifications_topic_arn: str | None = Field(default=None, description="SNS topic that is told thresholds")
    notifications_webhook: str | None = Field(default=None, description="URL that is told thresholds")
    otlp_endpoint: str | None = Field(default=None, description="OTLP over HTTP: http://host:4318")
    quota_wait_seconds: float = Field(
        default=1.5, ge=0, le=4, description="How long a request may wait for what others give back"
    )
    ephemeral: bool = Field(
        default=False, description="The disk goes with the process: an orderly stop closes the agent's leases"
    )
    min_free_bytes: int = Field(
        default=64 * MEBIBYTE,
        description="With less space left for the usage log quotas that block refuse; with half of it, everything",
    )
    max_log_bytes: int = Field(default=64 * MEBIBYTE, description="The usage log is rotated at this size")
    max_backlog_bytes: int = Field(
        default=512 * MEBIBYTE, description="Events that could not be sent; at this bound quotas that block refuse"
    )

    @model_validator(mode="after")
    def _has_one_source_of_secrets(self) -> Self:
        if self.secrets_path is not None and self.provider_secrets:
            raise ValueError("secrets_path and provider_secrets exclude each other")
        return self

    @property
    def on_database(self) -> bool:
        """Whether the stores are a relational database, and not AWS."""
        return self.database_url is not None and not self.database_url.startswith(DYNAMODB)

    @property
    def has_ledger(self) -> bool:
        """Whether quotas can be held."""
        return self.on_database or self.tables is not None

    @property
    def policy_file(self) -> Path:
        """The snapshot as last fetched: what is in force when nobody can be asked."""
        return self.snapshot_path or self.state_dir / "snapshot.json"

    @property
    def events_file(self) -> Path:
        """Usage events, one JSON object a line."""
        return self.events_path or self.state_dir / "usage-events.jsonl"

    @property
    def checkpoint_path(self) -> Path:
        """How far the usage log was read."""
        return self.state_dir / "usage-checkpoint.json"

    @property
    def history_dir(self) -> Path:
        """The snapshots of late, to price lines of the usage log by."""
        return self.state_dir / "snapshots"
