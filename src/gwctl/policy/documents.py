"""The policy documents: what a person writes and the admin API stores. One model per document.

Unknown fields are refused. Money is written in US dollars as a decimal number; compile turns it into integer
nano-dollars.
"""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gwctl.core.errors import InvalidError
from gwctl.core.names import Action, Alias, ClientId, Lane, Period, ProviderKind, Slug
from gwctl.core.regions import aws_region, google_region
from gwctl.policy.base import Document, ModelName, PlainUrl, StatusCode, TimeZone
from gwctl.policy.keys import Key

FALLBACK_STATUSES = (408, 429, 500, 502, 503, 504, 529)
"""After these the next target is tried: overload, rate limits, server faults; never a caller's error."""

LEAST_PRICE = Decimal("0.001")
"""In dollars per million tokens. The cheapest embeddings cost ten times as much, the dearest model's token a half."""


def _for_a_million(value: Decimal) -> Decimal:
    if 0 < value < LEAST_PRICE:
        raise InvalidError(
            "looks like the price of one token",
            f"prices are for a million tokens: write {(value * 1_000_000).normalize():f}",
        )
    return value


UsdPerMillionTokens = Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=9), AfterValidator(_for_a_million)]


class Provider(Document):
    """A connection to a provider. Its secrets are kept elsewhere, under the same id."""

    id: Slug
    kind: ProviderKind
    base_url: PlainUrl | None = Field(default=None, description="Replaces the provider's own URL")
    region: str | None = Field(default=None, pattern=r"^[a-z0-9-]{3,32}$", description="For bedrock and vertex-ai")
    project: str | None = Field(default=None, pattern=r"^[a-z0-9-]{4,40}$", description="For vertex-ai")
    azure_resource: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{2,64}$", description="For azure-openai")
    azure_api_version: str = Field(
        default="2024-10-21", pattern=r"^(v1|[a-z0-9-]{4,32})$", description="For azure-openai; v1 has other URLs"
    )

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.kind == "bedrock" and self.region is None:
            raise ValueError("a bedrock provider needs a region")
        if self.kind == "vertex-ai" and (self.region is None or self.project is None):
            raise ValueError("a vertex-ai provider needs a region and a project")
        if self.kind == "azure-openai" and self.azure_resource is None and self.base_url is None:
            raise ValueError("an azure-openai provider needs azure_resource")
        if self.kind == "ollama" and self.base_url is None:
            raise ValueError("an ollama provider needs a base_url")
        self._has_a_region_that_exists()
        return self

    def _has_a_region_that_exists(self) -> None:
        known = {"bedrock": aws_region, "vertex-ai": google_region}.get(self.kind)
        try:
            if known and self.region:
                known(self.region)
        except InvalidError as error:
            raise InvalidError(f"region {self.region} {error}", error.fix) from None


class Target(Document):
    """One model of one provider that can serve a route. On azure-openai it is the deployment's name."""

    provider: Slug
    model: ModelName
    weight: int = Field(
        default=1, ge=1, le=1000, description="Share of the traffic; counts when the strategy is weighted"
    )
    priced_as: ModelName | None = Field(default=None, description="The model's name in the price book, if it differs")
    max_output_tokens: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="The largest answer of the model, in tokens; bounds a reservation, and is the cap of a chat "
        "that names none where the provider asks for one",
    )


class Retries(Document):
    """How often one target is tried again before the next one gets its turn."""

    attempts: int = Field(default=0, ge=0, le=5)
    on: tuple[StatusCode, ...] = FALLBACK_STATUSES


class CircuitBreaker(Document):
    """When a target that keeps failing is left out for a while.

    Failures are answers after which the next target would be tried. After the pause the target gets its turn again:
    an answer closes the circuit, one more failure doubles the pause, up to sixteen times its length.
    """

    failures: int = Field(default=5, ge=1, le=1000, description="In a row, without an answer between them")
    window_seconds: int = Field(default=30, ge=1, le=3600, description="The time within which they happen")
    open_seconds: int = Field(default=30, ge=1, le=3600, description="The first pause")


class Route(Document):
    """A model alias and what serves it."""

    id: Alias
    description: str = Field(default="", max_length=500)
    strategy: Literal["ordered", "weighted"] = Field(
        default="ordered",
        description="ordered: the first target serves, the next ones when it fails; weighted: by weight",
    )
    targets: tuple[Target, ...] = Field(min_length=1, max_length=10)
    fallbacks: tuple[Alias, ...] = Field(default=(), max_length=5, description="Routes to try when every target failed")
    fallback_on: tuple[StatusCode, ...] = Field(
        default=FALLBACK_STATUSES, description="Answers after which the next target is tried; none: never"
    )
    retries: Retries = Retries()
    circuit_breaker: CircuitBreaker | None = Field(
        default=None, description="Leave out for a while what keeps failing; none: every target is always tried"
    )
    timeout_seconds: int = Field(default=600, ge=1, le=3600, description="For one attempt at one target")
    drop_unsupported: bool = Field(
        default=False,
        description="Leave out parameters that a target does not know, even if the answer means something else without "
        "them; else such a request is refused",
    )
    scanner: tuple[Slug, ...] = Field(default=(), description="Scanner rules of this route, besides those of the team")
    lane: Lane | None = Field(
        default=None,
        description="portkey: always by Portkey; express: it is a mistake if it cannot; none: express where it can",
    )

    @model_validator(mode="after")
    def _has_another_target(self) -> Self:
        others = self.strategy == "weighted" and len(self.targets) > 1
        others = others or (bool(self.fallback_on) and (len(self.targets) > 1 or bool(self.fallbacks)))
        if self.circuit_breaker is not None and not others:
            raise ValueError("circuit_breaker: there is no other target or fallback that could serve meanwhile")
        return self


class Team(Document):
    """Who spends: a team and the model aliases that it may use."""

    id: Slug
    name: str = Field(default="", max_length=200)
    models: tuple[Alias, ...] | Literal["*"] = Field(
        default="*", description="Aliases the team may use; * is all of them"
    )
    enabled: bool = True
    tags: dict[Slug, Annotated[str, Field(max_length=256)]] = Field(default_factory=dict, max_length=20)


class Client(Document):
    """An app client: one program or service of a team, known by the `client_id` of its token."""

    id: ClientId
    team: Slug
    name: str = Field(default="", max_length=200)
    enabled: bool = True


class Budget(Document):
    """A limit over a period. Scope: all requests, or one team, one client, or one model of one team."""

    id: Slug
    team: Slug | None = None
    client: ClientId | None = None
    model: Alias | None = Field(default=None, description="Narrows a team's budget to one of its model aliases")
    limit_usd: Annotated[Decimal, Field(ge=0, le=1_000_000_000, decimal_places=9)] | None = None
    limit_tokens: Annotated[int, Field(ge=0, le=10**15)] | None = None
    limit_requests: Annotated[int, Field(ge=0, le=10**12)] | None = None
    period: Period
    timezone: TimeZone = Field(default="UTC", description="Where the day or month begins and ends")
    action: Action = "block"
    notify_at: tuple[Annotated[int, Field(ge=1, le=100)], ...] = Field(
        default=(80, 100), description="Per cent of the limit"
    )

    @model_validator(mode="after")
    def _is_one_limit_on_one_scope(self) -> Self:
        if sum(limit is not None for limit in (self.limit_usd, self.limit_tokens, self.limit_requests)) != 1:
            raise ValueError("needs exactly one of limit_usd, limit_tokens and limit_requests")
        if self.client is not None and self.team is not None:
            raise ValueError("names a team and a client; a client's budget names the client only")
        if self.model is not None and self.team is None:
            raise ValueError("names a model without a team; a model's budget belongs to a team")
        return self


class BedrockGuardrail(Document):
    """A guardrail kept in Amazon Bedrock."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]{1,64}$")]
    version: Annotated[str, Field(pattern=r"^([1-9][0-9]{0,7}|DRAFT)$")]


class ScannerRule(Document):
    """A content rule: what a request or an answer must not contain.

    A pattern is looked for in every text of the whole request, and of a plain answer: system prompts, all messages,
    tools, their calls and results. Ids, settings and media in base64 are no texts. A guardrail of Bedrock's sees the
    last message alone. The edge refuses what a rule could not see at all: streamed answers under an output rule, and
    the APIs `/v1/responses` and `count_tokens`.
    """

    id: Slug
    description: str = Field(default="", max_length=500)
    action: Literal["deny", "redact"]
    on: tuple[Literal["input", "output"], ...] = Field(default=("input",), min_length=1, max_length=2)
    pattern: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="Regular expression in RE2's syntax: no look-around, no back references",
    )
    replacement: str = Field(default="[redacted]", max_length=100, description="Taken as it is")
    bedrock_guardrail: BedrockGuardrail | None = None
    teams: tuple[Slug, ...] | Literal["*"] = Field(
        default="*", description="Teams under the rule; * is all; () is none"
    )

    @model_validator(mode="after")
    def _is_pattern_or_guardrail(self) -> Self:
        if (self.pattern is None) == (self.bedrock_guardrail is None):
            raise ValueError("needs exactly one of pattern and bedrock_guardrail")
        if self.bedrock_guardrail is not None and self.action == "redact":
            raise ValueError("redacts by pattern only; a bedrock_guardrail denies")
        return self


class PriceOverride(Document):
    """A price that replaces the price book's, in US dollars per million tokens."""

    provider: Slug
    model: ModelName
    input: UsdPerMillionTokens
    output: UsdPerMillionTokens
    cache_read: UsdPerMillionTokens | None = Field(default=None, description="Default: the price of input")
    cache_creation: UsdPerMillionTokens | None = Field(default=None, description="Default: the price of input")
    cache_creation_1h: UsdPerMillionTokens | None = Field(default=None, description="Default: cache_creation")

    @property
    def id(self) -> str:
        """`<provider>/<model>`: a model of a connection has one price."""
        return f"{self.provider}/{self.model}"


class Documents(Document):
    """All policy documents at one moment: the input of compile. The order inside a section means nothing."""

    providers: tuple[Provider, ...] = ()
    routes: tuple[Route, ...] = ()
    teams: tuple[Team, ...] = ()
    clients: tuple[Client, ...] = ()
    keys: tuple[Key, ...] = ()
    budgets: tuple[Budget, ...] = ()
    scanner: tuple[ScannerRule, ...] = ()
    pricing: tuple[PriceOverride, ...] = ()
