"""`environment.yaml`: what a person edits. In: a mapping. Out: an `Environment`, every value of it checked.

Its fields are the root module's variables (infrastructure/variables.tf) and `state`; tests/unit/environments compares
the two. Guards that only a production has stay in Terraform, where they are tested.
"""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from gwctl.core.errors import InvalidError
from gwctl.environments.file.checks import Length
from gwctl.environments.file.features import FallbackRouting, Github, Guardrail
from gwctl.environments.file.observability import Observability
from gwctl.environments.file.sections import (
    AdminApi,
    AuditLog,
    Client,
    CostAttribution,
    Domain,
    Images,
    Ledger,
    LoadBalancer,
    Network,
    ProvidersAccess,
    Scaling,
    Section,
    State,
    Task,
)
from gwctl.environments.file.values import (
    AccountId,
    ClientName,
    CognitoPrefix,
    GuardrailName,
    Prefix,
    Region,
    ScopePrefix,
    Zone,
)
from gwctl.policy.documents import Provider

DERIVED_TAGS: Final = frozenset({"Deployment", "Environment", "ManagedBy"})
BUILT_IN_CLIENTS: Final = frozenset({"admin", "default"})
LONGEST_NAME: Final = 20
"""Characters of `<prefix>-<environment>`: AWS limits names of load balancers and buckets."""


class Environment(Section):
    """One environment: what is built, where, and how large. No secret ever stands here."""

    account_id: AccountId
    """The AWS account, 12 digits in quotes. Credentials of another one are refused."""
    admin_api: AdminApi = AdminApi()
    """The admin API."""
    alb: LoadBalancer = LoadBalancer()
    """The load balancer."""
    audit_log: AuditLog = AuditLog()
    """The audit log."""
    availability_zones: Annotated[list[Zone], Length(2, 3, "zone")]
    """Two or three zones of the region."""
    bedrock_guardrails: dict[GuardrailName, Guardrail] = Field(default_factory=dict)
    """Opt-in: Bedrock guardrails by name."""
    cost_attribution: CostAttribution | None = None
    """Opt-in: AWS's own cost tags, budget and anomaly monitor."""
    domain: Domain | None = None
    """Host names in Route 53. Left out: bring your own certificate and DNS."""
    emulated: bool = False
    """Whether AWS is emulated on this machine."""
    fallback_routing: FallbackRouting | None = None
    """Opt-in: routes with fallbacks."""
    github: Github | None = None
    """Opt-in: roles for the workflows of a GitHub repository."""
    images: Images
    """The containers' images."""
    ledger: Ledger = Ledger()
    """The ledger and the policy snapshots."""
    multi_client: dict[ClientName, Client] = Field(default_factory=dict)
    """Opt-in: further machine clients by name."""
    network: Network = Network()
    """The VPC."""
    observability: Observability = Observability()
    """Logs, traces and alarms."""
    prefix: Prefix = "gwctl"
    """What every name begins with."""
    production: bool
    """Whether people depend on it: turns on deletion protection and the guards that refuse unsafe settings."""
    providers_access: ProvidersAccess = ProvidersAccess()
    """What tasks may use at providers."""
    providers_known: Annotated[list[Provider], Length(0, 100, "provider")] = Field(default_factory=list)
    """Providers that routes may name, as in a policy, without their keys."""
    region: Region
    """AWS region."""
    scaling: Scaling = Scaling()
    """Number of tasks."""
    scope_prefix: ScopePrefix = "gateway"
    """What stands before the last slash in the scopes of tokens: `gateway/invoke`, or `https://gateway.internal/invoke`."""
    state: State
    """Where Terraform keeps its state."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Further tags of every resource."""
    task: Task = Task()
    """Size of a task."""
    token_domain_prefix: CognitoPrefix | None = None
    """First part of the token endpoint's host name. Left out: name and account."""

    @property
    def state_region(self) -> str:
        """Region of the state's bucket."""
        return self.state.region or self.region

    @model_validator(mode="after")
    def _zones_are_of_the_region(self) -> Self:
        stray = next((zone for zone in self.availability_zones if not zone.startswith(self.region)), None)
        if stray:
            raise InvalidError(
                f"availability_zones names {stray}, which is not in region {self.region}",
                "name zones of that region",
                "availability_zones",
            )
        return self

    @model_validator(mode="after")
    def _there_is_one_source_of_a_certificate(self) -> Self:
        if self.domain is None and self.alb.certificate_arn is None:
            raise InvalidError(
                "the load balancer has no certificate", "write alb.certificate_arn, or domain, for which one is made"
            )
        if self.domain and self.alb.certificate_arn:
            raise InvalidError("alb.certificate_arn and domain are both there", "remove one of them", "domain")
        return self

    @model_validator(mode="after")
    def _production_is_real(self) -> Self:
        if self.production and self.emulated:
            raise InvalidError(
                "an emulated AWS is no production", "write production: false, or emulated: false", "emulated"
            )
        return self

    @model_validator(mode="after")
    def _derived_names_stay_derived(self) -> Self:
        for tag in sorted(DERIVED_TAGS & set(self.tags)):
            raise InvalidError(f"tags has {tag}, which is derived", "remove it", f"tags.{tag}")
        for client in sorted(BUILT_IN_CLIENTS & set(self.multi_client)):
            raise InvalidError(
                f"multi_client has {client}, which always exists", "choose another name", f"multi_client.{client}"
            )
        return self
