"""What the agent says of itself: one small JSON file, always whole, for `gwctl status` and for alarms."""

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from gwctl.agent.sinks.status import ShippingStatus
from gwctl.core.files import write_atomically
from gwctl.edge.breaker import OpenTarget


class Rejection(BaseModel):
    """A policy that is not in force, and why. The last good one stays."""

    label: str
    reason: str


class SourceProblem(BaseModel):
    """Why the newest snapshot is not to be had. What was fetched last stays in force. `since`: when it began."""

    reason: str
    since: datetime


class UsageStatus(BaseModel):
    """How far the usage log has been read since the agent's start."""

    events: int = 0
    malformed: int = Field(default=0, description="Lines set aside because they could not be read")
    unpriced: int = Field(default=0, description="Events that used something which has no price")
    lag_bytes: int = Field(default=0, description="Written by the edge and not yet an event")
    problem: str | None = Field(default=None, description="Why events cannot be written at this moment")
    refusing: str | None = Field(default=None, description="Why the edge refuses every request at this moment")


class QuotaStatus(BaseModel):
    """Reservations, since the agent's start. Amounts are in the units of the quotas."""

    agent: str | None = Field(default=None, description="The name under which this agent leases")
    ready: bool = Field(default=False, description="It has taken over its leases and reserves")
    problem: str | None = Field(default=None, description="Why quotas that block refuse everything at this moment")
    granted: int = 0
    refused: int = Field(default=0, description="For want of money, tokens or requests")
    unavailable: int = Field(default=0, description="Refused because the quota could not be checked")
    in_flight: int = 0
    unsettled_lines: int = Field(default=0, description="Lines of the usage log that the ledger does not have yet")
    failed_writes: int = Field(default=0, description="Writes to which the ledger gave no answer; they are repeated")
    aged: int = Field(default=0, description="Requests without a line in the usage log, settled at their bound")
    overshoot_nano_usd: int = Field(default=0, description="What requests did cost beyond their bounds and a limit")


class AgentStatus(BaseModel):
    """`snapshot` is the label of the newest snapshot seen, `applied` of the one that Envoy has accepted."""

    model_config = ConfigDict(validate_assignment=True)

    pid: int = Field(
        default_factory=os.getpid, description="Whose words these are; after a crash they are a dead one's"
    )
    snapshot: str | None = None
    applied: str | None = None
    rejected: Rejection | None = None
    source: SourceProblem | None = Field(default=None, description="Why the snapshot in S3 is not followed")
    secrets: tuple[str, ...] = Field(default=(), description="Provider secrets that could not be read, and why")
    missing_secrets: tuple[str, ...] = Field(default=(), description="Providers that serve a route and have no key")
    open_targets: tuple[OpenTarget, ...] = Field(default=(), description="Targets that are left out for a while")
    usage: UsageStatus = Field(default_factory=UsageStatus)
    quotas: QuotaStatus = Field(default_factory=QuotaStatus)
    shipping: ShippingStatus = Field(default_factory=ShippingStatus)
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
