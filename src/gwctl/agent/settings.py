"""The agent's settings: one JSON file, written by whoever starts the agent."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from gwctl.edge.settings import EdgeSettings


class AgentSettings(BaseModel):
    """Paths are absolute. Nothing in here is secret; `secrets_path` names the file that is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    snapshot_path: Path
    secrets_path: Path = Field(description="JSON, mode 0600: provider id to its secret fields")
    edge: EdgeSettings
    events_path: Path
    checkpoint_path: Path
    history_dir: Path = Field(description="The snapshots of late, to price lines of the usage log by")
    status_path: Path
    max_log_bytes: int = Field(default=64 * 1024 * 1024, description="The usage log is rotated at this size")
