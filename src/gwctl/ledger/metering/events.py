"""The usage event: one request, who made it, who served it, what it used and what it cost."""

from typing import Final, Literal

from pydantic import AwareDatetime, Field

from gwctl.core.names import Api, Lane, ProviderKind
from gwctl.ledger.metering.normalise import Reason
from gwctl.pricing.tokens import Tokens

Outcome = Literal["served", "refused", "failed", "cut"]
"""served: a whole answer · refused: the edge said no · failed: no answer, or an error inside it · cut: part of one."""

OTEL_PROVIDER_NAMES: Final[dict[ProviderKind, str]] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "bedrock": "aws.bedrock",
    "google": "gcp.gemini",
    "vertex-ai": "gcp.vertex_ai",
    "azure-openai": "azure.ai.openai",
    "ollama": "ollama",
}
"""Provider kind → well-known value of `gen_ai.provider.name`, where OpenTelemetry has one."""


class UsageEvent(Tokens):
    """One request. Durations in seconds, money in integer nano-dollars.

    Written as JSON with OpenTelemetry's names (`gen_ai.usage.input_tokens`, …) where there are any, read by either.
    """

    id: str = Field(description="The edge's request id; the same event may arrive more than once")
    started_at: AwareDatetime
    duration: float = Field(ge=0)
    time_to_first_chunk: float | None = Field(default=None, ge=0, description="Of a streamed answer")
    team: str | None = None
    team_name: str | None = Field(default=None, description="The team's name at that moment")
    team_tags: str | None = Field(default=None, description="The team's tags at that moment, as a JSON object")
    client: str | None = None
    model: str | None = Field(default=None, description="The alias that the caller asked for")
    api: Api | None = None
    stream: bool = False
    policy: str | None = Field(default=None, description="The policy snapshot in force")
    status: int = Field(ge=0, description="What the caller got; 0: the caller left before there was an answer")
    outcome: Outcome
    refusal: str | None = None
    rules: str | None = Field(
        default=None, description="Content rules that refused or redacted something, ids with commas between them"
    )
    quota: str | None = Field(default=None, description="The quota that refused it")
    shadow: str | None = Field(default=None, description="A quota on trial that would have refused it")
    error_type: str | None = Field(default=None, description="The provider's word for what went wrong")
    lane: Lane | None = Field(default=None, description="portkey, or express: the edge called the provider itself")
    attempts: int = Field(
        default=0,
        ge=0,
        description="Tries before the one that served; on Portkey's lane those of the target that served alone",
    )
    provider_name: str | None = Field(default=None, description="The kind of provider that served")
    provider: str | None = Field(default=None, description="The id of the provider that served")
    target_model: str | None = Field(default=None, description="The model asked of the provider")
    response_model: str | None = Field(default=None, description="The model that the provider says it used")
    service_tier: str | None = Field(
        default=None, description="The provider's processing tier, when not its standard one"
    )
    estimated: Reason | Literal[False] = False
    cost_nano_usd: int | None = Field(default=None, ge=0, description="None: there is no price for what was used")
    price_source: str | None = None

    def to_json(self) -> bytes:
        """One line of JSON, without a line end."""
        return self.model_dump_json(by_alias=True).encode()
