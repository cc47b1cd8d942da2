"""Who is told of what, and how much is kept to look at: the section `observability` of an environment's file."""

from typing import Annotated

from pydantic import Field

from gwctl.environments.file.checks import Between, Length
from gwctl.environments.file.sections import Section
from gwctl.environments.file.values import (
    Email,
    LogRetention,
)


class Alarms(Section):
    """When to raise an alarm."""

    budget_refusals: Annotated[int, Between(1, 1_000_000_000, "at least one")] | None = None
    """Requests refused for a used-up budget in five minutes."""
    error_minimum_requests: Annotated[int, Between(1, 1_000_000_000, "at least one")] | None = None
    """Requests a minute below which errors are not judged."""
    error_percent: Annotated[int, Between(1, 100, "it is a percentage")] | None = None
    """Percent of answers that are 5xx."""
    latency_p95_seconds: Annotated[int, Between(1, 3600, "it is seconds")] | None = None
    """Seconds until the first byte, at the 95th percentile."""
    metering_lag_seconds: Annotated[int, Between(1, 86400, "it is seconds")] | None = None
    """Seconds by which the ledger may lag."""
    policy_age_seconds: Annotated[int, Between(5, 86400, "it is seconds")] | None = None
    """Seconds that a policy in force may be old."""


class Observability(Section):
    """Logs, traces and alarms."""

    alarms: Alarms = Alarms()
    """When to raise an alarm."""
    emails: Annotated[list[Email], Length(0, 50, "address")] = Field(default_factory=list)
    """Who is told. AWS asks each to confirm."""
    retention_days: LogRetention = 365
    """For how long logs are kept."""
    trace_share: Annotated[float, Between(0, 1, "it is a share: 1 is every request")] = 0.05
    """Share of requests that are traced."""
