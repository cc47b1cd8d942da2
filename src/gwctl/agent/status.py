"""What the agent says of itself: one small JSON file, always whole, for `gwctl status` and for alarms."""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from gwctl.agent.files import write_atomically


class Rejection(BaseModel):
    """A policy that is not in force, and why. The last good one stays."""

    label: str
    reason: str


class UsageStatus(BaseModel):
    """How far the usage log has been read since the agent's start."""

    events: int = 0
    malformed: int = Field(default=0, description="Lines set aside because they could not be read")
    unpriced: int = Field(default=0, description="Events that used something which has no price")
    lag_bytes: int = Field(default=0, description="Written by the edge and not yet an event")
    problem: str | None = Field(default=None, description="Why events cannot be written at this moment")


class AgentStatus(BaseModel):
    """`snapshot` is the label of the newest snapshot seen, `applied` of the one that Envoy has accepted."""

    model_config = ConfigDict(validate_assignment=True)

    snapshot: str | None = None
    applied: str | None = None
    rejected: Rejection | None = None
    missing_secrets: tuple[str, ...] = Field(default=(), description="Providers that serve a route and have no key")
    usage: UsageStatus = Field(default_factory=UsageStatus)
    updated: datetime = Field(default_factory=lambda: datetime.now(UTC))


class StatusFile:
    """Writes the status when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: AgentStatus | None = None
        self.status = AgentStatus()

    def publish(self) -> None:
        """Writes the file if anything but the time is new."""
        now = self.status.model_copy(deep=True)
        if self._written is None or now != self._written:
            self.status.updated = now.updated = datetime.now(UTC)
            write_atomically(self._path, self.status.model_dump_json(indent=1).encode())
            self._written = now
