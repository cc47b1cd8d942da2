"""The opt-in features of an environment's file. In: mappings. Out: values that have been checked."""

from typing import Annotated, Literal

from pydantic import Field

from gwctl.environments.file.checks import Between, Length, NoneOf
from gwctl.environments.file.sections import Section
from gwctl.environments.file.values import (
    BedrockModel,
    GitBranch,
    GithubEnvironment,
    GithubId,
    GithubName,
    GithubOwner,
    OidcProvider,
)

Strength = Literal["HIGH", "LOW", "MEDIUM", "NONE"]
Kind = Literal["HATE", "INSULTS", "MISCONDUCT", "PROMPT_ATTACK", "SEXUAL", "VIOLENCE"]


class DeniedTopic(Section):
    """A topic that is refused."""

    definition: str
    """What it is, in a sentence or two."""
    examples: Annotated[list[str], Length(0, 5, "example")] | None = None
    """Up to five examples of what is refused."""


class Guardrail(Section):
    """A Bedrock guardrail."""

    blocked_message: str | None = None
    """What a refused caller reads."""
    blocked_words: Annotated[list[str], Length(0, 10_000, "word")] | None = None
    """Words that are refused."""
    content_filters: dict[Kind, Strength] | None = None
    """How strictly each kind of content is filtered."""
    denied_topics: dict[str, DeniedTopic] | None = None
    """Topics by name."""
    pii: dict[str, Literal["ANONYMIZE", "BLOCK"]] | None = None
    """What to do with each kind of personal data, for example EMAIL: ANONYMIZE."""


FallbackStatus = Annotated[
    int,
    Between(400, 599, "it is an HTTP status of an error"),
    NoneOf((401, 403), "a wrong key does not get right at the next provider"),
]


class FallbackTarget(Section):
    """One place that can serve a route."""

    model: str
    """The model's name there."""
    provider: str
    """Id of the provider."""


class FallbackRoute(Section):
    """A model alias with the places that can serve it, in order."""

    fallback_on: Annotated[list[FallbackStatus], Length(0, 100, "status")] | None = None
    """Statuses after which the next one is tried."""
    targets: Annotated[list[FallbackTarget], Length(2, 10, "target")]
    """Two to ten of them."""
    timeout_seconds: Annotated[int, Between(1, 3600, "it is seconds")] | None = None
    """How long one may take."""


class FallbackRouting(Section):
    """Routes with fallbacks, and the Bedrock models that only they use."""

    alarm_per_minute: Annotated[int, Between(1, 1_000_000, "at least one")] | None = None
    """Requests a minute served by a fallback at which to raise an alarm."""
    bedrock_model_arns: Annotated[list[BedrockModel], Length(0, 200, "model")] = Field(default_factory=list)
    """Bedrock models that only fallbacks use."""
    routes: dict[str, FallbackRoute]
    """Routes by model alias."""


class Repository(Section):
    """A GitHub repository, with the ids that never change: `gh api repos/OWNER/NAME` tells them."""

    default_branch: GitBranch = "main"
    """The branch whose workflows may plan, and check the audit log."""
    id: GithubId
    """Its own id."""
    immutable_subject: bool = True
    """Whether GitHub's tokens carry the ids; false only for a repository from before 2026-07-15 that never moved."""
    name: GithubName
    """Its name, without the owner."""
    owner: GithubOwner
    """Organisation or user."""
    owner_id: GithubId
    """The owner's id."""


class Github(Section):
    """The roles that GitHub's workflows take; see modules/github_oidc."""

    environment: GithubEnvironment | None = None
    """GitHub environment whose jobs may apply. Left out: this one's name."""
    oidc_provider_arn: OidcProvider | None = None
    """GitHub's identity provider, where the account has it already: it can have it once."""
    repository: Repository
    """The repository."""
