"""The parts of an environment's file, one class each, with the fields of the root module's variable of that name.

In: mappings. Out: values that have been checked. What is not written here or there is the modules' own default.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gwctl.core.errors import InvalidError
from gwctl.environments.file.checks import Between, Length
from gwctl.environments.file.values import (
    BackupVault,
    BedrockModel,
    Bucket,
    Certificate,
    Cidr,
    ClosedCidr,
    Host,
    Image,
    ProviderId,
    TableName,
    VpcRange,
    ZoneId,
)

FARGATE_MEMORY: dict[int, range] = {
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
"""CPU units → MiB of memory that Fargate offers with them (AWS: "Task size"). 256 is left out: too small for a task."""


class Section(BaseModel):
    """A mapping whose fields are all known, each of the very type that it says."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


class Throttle(Section):
    """How much the admin API takes."""

    burst: Annotated[int, Between(1, 5000, "the account allows 5000 at once")] | None = None
    """Requests at once."""
    requests_per_address: Annotated[int, Between(10, 2_000_000_000, "WAF counts from 10 on")] | None = None
    """Requests from one address in five minutes."""
    requests_per_second: Annotated[int, Between(1, 10_000, "the account allows 10000 a second")] | None = None
    """Requests a second."""


class AdminApi(Section):
    """The admin API: who reaches it, and how much it takes."""

    allowed_cidrs: Annotated[list[Cidr], Length(0, 100, "range")] = Field(default_factory=list)
    """Address ranges that may call it. Without one it has to be private."""
    private: bool = False
    """Whether it is reached through the VPC only."""
    throttle: Throttle = Throttle()
    """How much it takes."""


class LoadBalancer(Section):
    """The load balancer."""

    certificate_arn: Certificate | None = None
    """Certificate in ACM, in the same region. Leave it out with `domain`, which makes one."""
    drain_seconds: Annotated[int, Between(60, 3600, "less cuts streams, and AWS allows an hour")] | None = None
    """For how long a stream may go on in a task that is being replaced."""
    idle_timeout_seconds: Annotated[int, Between(300, 4000, "a model can think for minutes")] | None = None
    """For how long a stream may be silent."""
    ingress_cidrs: Annotated[list[Cidr], Length(1, 50, "range")] | None = None
    """Who may connect. Left out: everybody, or the VPC if it is internal."""
    internal: bool = False
    """Whether it has private addresses only."""
    tls_policy: Literal["ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06"] | None = None
    """TLS 1.3 only, unless clients are too old for it: then 1.3, and 1.2 with forward secrecy."""


class Retention(Section):
    """How long audit records are locked and kept."""

    expire_days: Annotated[int, Between(181, 36500, "records move to a cheaper class at 180 days")] = 2557
    """Days after which a record is deleted."""
    lock_days: Annotated[int, Between(1, 36500, "a record is locked for a day at least")] = 365
    """Days for which a record cannot be deleted."""
    lock_mode: Literal["COMPLIANCE", "GOVERNANCE", "OFF"] = "GOVERNANCE"
    """COMPLIANCE: nobody at all can delete a record before its lock ends, nor the bucket. OFF: no record is locked."""

    @model_validator(mode="after")
    def _locked_records_cannot_expire(self) -> Self:
        if self.expire_days < self.lock_days:
            raise InvalidError(
                f"has expire_days {self.expire_days} below lock_days {self.lock_days}: a locked record cannot expire",
                "raise expire_days or lower lock_days",
                "expire_days",
            )
        return self


class AuditLog(Section):
    """The audit log."""

    delivery_seconds: Annotated[int, Between(60, 900, "Firehose takes no other time")] = 300
    """For how long Firehose collects before it writes a file."""
    query_limit_gib: Annotated[int, Between(1, 100_000, "Athena reads a GiB at least")] = 100
    """Athena ends a query that reads more."""
    retention: Retention = Retention()
    """How long records are locked and kept."""


class CostBudget(Section):
    """What the deployment may cost in a month."""

    alert_percents: (
        Annotated[list[Annotated[int, Between(1, 1000, "it is a percentage")]], Length(1, 9, "percentage")] | None
    ) = None
    """Percentages of it at which to notify."""
    monthly_usd: Annotated[int, Between(1, 10_000_000, "it is US dollars a month")]
    """US dollars a month."""


class CostAttribution(Section):
    """AWS's own cost tags, budget and anomaly monitor for this deployment."""

    activate_tags: Annotated[list[str], Length(0, 50, "tag")] | None = None
    """Cost allocation tags to activate; only in the organisation's paying account."""
    anomaly_usd: Annotated[int, Between(1, 10_000_000, "it is US dollars")] | None = None
    """US dollars above what was expected at which to report."""
    budget: CostBudget
    """What it may cost."""


class Domain(Section):
    """Host names in a Route 53 zone; certificates and records are made for them."""

    admin: Host | None = None
    """Host name of the admin API."""
    gateway: Host
    """Host name of the gateway."""
    zone_id: ZoneId
    """The zone."""


class Images(Section):
    """Images of the four containers, each by digest."""

    agent: Image
    """Our agent."""
    collector: Image
    """The ADOT collector."""
    edge: Image
    """Envoy's image with a shell, not the distroless one: its health check needs a shell."""
    gateway: Image
    """Portkey."""


class Backup(Section):
    """Daily copies of the tables by AWS Backup."""

    copy_to_vault_arn: BackupVault | None = None
    """Vault of another account or region that gets a copy of each."""
    keep_days: Annotated[int, Between(7, 3650, "a mistake is often seen after days only")] = 35
    """For how many days a copy is kept."""


class Ledger(Section):
    """The ledger and the policy snapshots."""

    backup: Backup | None = None
    """Opt-in: daily copies of the tables, beside their point-in-time recovery."""

    snapshot_history_days: Annotated[int, Between(30, 3650, "it must tell what was in force last month")] = 365
    """For how many days a replaced snapshot can be rolled back to."""


class Client(Section):
    """A further machine client."""

    scopes: Annotated[list[Literal["admin", "invoke", "read"]], Length(1, 3, "scope")]
    """What it may ask for: admin and read are for the admin API, invoke is for calling models."""
    token_minutes: Annotated[int, Between(5, 1440, "Cognito's tokens live 5 minutes to a day")] | None = None
    """For how long its tokens live."""


class Network(Section):
    """The VPC."""

    cidr: VpcRange = "10.0.0.0/16"
    """Its address range, from /16 to /22. No other environment may overlap it."""
    endpoint_clients: Annotated[list[ClosedCidr], Length(0, 50, "range")] = Field(default_factory=list)
    """Further ranges that may use its endpoints, for example a VPN's."""
    nat: Literal["per_zone", "single"] = "per_zone"
    """One NAT gateway in each zone, or a single one: cheaper, and no way out when its zone fails."""
    waf_rate_limit: Annotated[int, Between(100, 2_000_000_000, "WAF takes no other number")] = 10_000
    """Requests that one address may send in five minutes."""


class ProvidersAccess(Section):
    """What tasks may use at providers."""

    bedrock_model_arns: Annotated[list[BedrockModel], Length(0, 200, "model")] = Field(default_factory=list)
    """Bedrock models that routes use."""
    secrets: Annotated[list[ProviderId], Length(0, 100, "provider")] = Field(default_factory=list)
    """Providers whose key is in Secrets Manager. Their ids: the keys themselves never stand in a file."""


class Scaling(Section):
    """Number of tasks."""

    cpu_percent: Annotated[int, Between(10, 90, "outside of it the number of tasks never settles")] | None = None
    """CPU at which there should be more."""
    maximum: Annotated[int, Between(1, 1000, "at least one task")] = 10
    """The most."""
    minimum: Annotated[int, Between(1, 1000, "at least one task")] = 2
    """The fewest."""
    requests_per_task: Annotated[int, Between(1, 10_000_000, "at least one")] | None = None
    """Requests a minute and task at which there should be more."""

    @model_validator(mode="after")
    def _minimum_is_not_above_maximum(self) -> Self:
        if self.minimum > self.maximum:
            raise InvalidError(
                f"has minimum {self.minimum} above maximum {self.maximum}",
                "raise the maximum or lower the minimum",
                "minimum",
            )
        return self


class State(Section):
    """Where Terraform keeps its state."""

    bucket: Bucket
    """The bucket; `gwctl bootstrap` makes it."""
    lock_table: TableName | None = None
    """DynamoDB table for locks, besides S3's own; for programs that are older than Terraform 1.10."""
    region: str | None = None
    """The bucket's region. Left out: the environment's."""


class Task(Section):
    """Size of a task."""

    architecture: Literal["ARM64", "X86_64"] | None = None
    """ARM64 is cheaper."""
    cpu: Annotated[int, Between(512, 16384, "Fargate offers no other")] = 2048
    """CPU units; 1024 is one CPU."""
    disk_gib: Annotated[int, Between(21, 200, "Fargate offers no other")] | None = None
    """GiB of disk."""
    memory: Annotated[int, Between(1024, 122_880, "Fargate offers no other")] = 4096
    """MiB of memory, two to eight times the CPU units."""
    trusted_custom_hosts: Annotated[list[str], Length(0, 50, "host")] | None = None
    """Private host names that Portkey may call as providers."""

    @model_validator(mode="after")
    def _fargate_has_such_a_task(self) -> Self:
        if self.cpu not in FARGATE_MEMORY:
            sizes = ", ".join(str(size) for size in FARGATE_MEMORY)
            raise InvalidError(f"has cpu {self.cpu}, which Fargate does not offer", f"write one of {sizes}", "cpu")
        memory = FARGATE_MEMORY[self.cpu]
        if self.memory not in memory:
            raise InvalidError(
                f"has cpu {self.cpu} with memory {self.memory}, which Fargate does not offer",
                f"write memory from {memory[0]} to {memory[-1]} in steps of {memory.step}",
                "memory",
            )
        return self
