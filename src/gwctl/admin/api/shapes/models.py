"""The shapes of answers: what stands around a policy document, and the one shape of errors."""

from datetime import date
from typing import Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gwctl.core.names import Slug
from gwctl.ledger.quotas.scopes import Period, Unit
from gwctl.ledger.usage.report import Dimension, UsageRow
from gwctl.policy.documents import Budget, Client, Document, PriceOverride, Route, ScannerRule, Team
from gwctl.policy.keys import KeyLimits, KeySettings

D = TypeVar("D", bound=Document)


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Versioned(_Shape, Generic[D]):
    """A document and what `If-Match` wants to know of it."""

    document: D
    version: int = Field(ge=1, description="The policy version that wrote it; the ETag")
    changed_by: str = Field(description="The client id of who wrote it")
    changed_at: AwareDatetime


class Page(_Shape, Generic[D]):
    """Documents in the order of their ids."""

    items: list[Versioned[D]]
    next: str | None = Field(description="Ask with it for the next page; null: there is none")


class BudgetState(_Shape):
    """What is spent of a budget and what is left, now. Amounts are in `unit`: nano-dollars, tokens or requests."""

    id: str
    scope: str = Field(description="gateway, team:ID, client:ID, key:ID or team:ID/model:ALIAS")
    unit: Unit
    limit: int
    period: Period
    window: str = Field(description="The period that runs, in the budget's time zone; a minute in UTC")
    spent: int
    reserved: int = Field(description="Held for answers under way; what they do not use is free again")
    left: int = Field(description="limit - spent - reserved; negative: more was spent")
    resets_at: AwareDatetime | None = Field(description="When the next window begins; null: never")
    agents: int = Field(description="How many agents hold a part of it")


class BudgetListed(Versioned[Budget]):
    """A budget, and what is spent of it if that was asked for."""

    state: BudgetState | None = None


class BudgetPage(_Shape):
    """Budgets in the order of their ids."""

    items: list[BudgetListed]
    next: str | None = Field(description="Ask with it for the next page; null: there is none")


class Written(_Shape, Generic[D]):
    """What became of a change, or in a dry run what would."""

    document: D | None = Field(description="As it is now; null: it is deleted")
    version: int | None = Field(
        description="Of the document, for the next If-Match; null: deleted, or a dry run of a new one"
    )
    policy_version: int = Field(ge=0, description="The policy in force with this change")
    changed: bool = Field(description="false: everything was like this before")
    dry_run: bool = Field(description="true: nothing was stored")
    difference: list[str] = Field(description="What the change means: one sentence for each effect")


class IssuedClient(Written[Client]):
    """A client with its credentials, which are shown this once."""

    client_id: str | None = Field(description="null in a dry run of a new client")
    client_secret: str | None = Field(description="Not stored here and never shown again; null in a dry run")


class NewClient(_Shape):
    """A client to be made. Its id and secret come from the token service."""

    name: str = Field(default="", max_length=100, description="Which program or service it is for")


class NewKey(KeyLimits):
    """A key to be made. Its id and its secret are chosen here."""

    team: Slug


class ShownKey(Written[KeySettings]):
    """A key with its secret, which is shown this once."""

    key: str | None = Field(description="The whole key. Only its digest is kept; null in a dry run")


class UsagePage(_Shape):
    """Sums of usage, sorted by the dimensions in the order day, team, client, model."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)

    first: date = Field(alias="from", description="First day, in UTC")
    last: date = Field(alias="to", description="Last day, included")
    by: list[Dimension]
    rows: list[UsageRow]
    next: str | None = Field(description="Ask with it for the next page; null: there is none")


class PolicyVersion(_Shape):
    """One version of the policy, and which one is in force."""

    version: int
    label: str = Field(description="Version and the start of the snapshot's hash, as usage events carry it")
    in_force: int | None = Field(description="The version that agents fetch; null: none was published yet")
    newest: int = Field(description="The newest version; another one than in_force: it is not published yet")
    actor: str = Field(description="The client id of who made it")
    action: str
    time: AwareDatetime
    documents: dict[str, int] = Field(description="Section to the number of its documents")


class ChangedDocument(_Shape):
    """One document's part in a change."""

    document: str = Field(description="`<section>/<id>`")
    change: Literal["created", "changed", "deleted"]


class PolicyChange(_Shape):
    """The change that made a policy version."""

    version: int
    time: AwareDatetime
    actor: str = Field(description="The client id of who made it")
    action: str
    request_id: str
    note: str
    documents: list[ChangedDocument]


class PolicyChangePage(_Shape):
    """Changes of the policy, newest first."""

    items: list[PolicyChange]
    next: str | None = Field(description="Ask with it for the next page; null: there is none")


class PolicyDifference(_Shape):
    """What is different between two versions."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)

    first: int = Field(alias="from")
    last: int = Field(alias="to")
    difference: list[str] = Field(description="One sentence for each effect")


class Rollback(_Shape):
    """Where to go back to."""

    version: int = Field(ge=1, le=10**12 - 1, description="A policy version whose documents are kept")


class PolicyOutcome(_Shape):
    """What became of a change of the whole policy, or in a dry run what would."""

    policy_version: int = Field(ge=0, description="The newest version with this change")
    changed: bool = Field(description="false: everything was like this before")
    dry_run: bool = Field(description="true: nothing was stored")
    difference: list[str] = Field(description="What the change means: one sentence for each effect")


class PolicyDocuments(_Shape):
    """Documents by section. A section that stands here, even without a document, is one that `prune` looks at."""

    routes: list[Route] = []
    teams: list[Team] = []
    clients: list[Client] = []
    budgets: list[Budget] = []
    scanner: list[ScannerRule] = []
    pricing: list[PriceOverride] = []


class ApplyPolicy(_Shape):
    """What the policy has to say, as a whole."""

    documents: PolicyDocuments
    based_on: int | None = Field(
        default=None,
        ge=0,
        le=10**12 - 1,
        description="The policy version that was looked at. Default: whatever is there",
    )
    prune: bool = Field(
        default=False,
        description="true: in the sections that `documents` names, delete what it does not; clients are never deleted",
    )
    dry_run: bool = Field(default=False, description="true: say what would change, store nothing")


class AppliedDocument(ChangedDocument):
    """One document's part in a change, and who wrote what stood there before."""

    version: int | None = Field(description="Of the document that stood there; null: there was none")
    changed_by: str | None = None
    changed_at: AwareDatetime | None = None


class PolicyApplied(PolicyOutcome):
    """What became of the documents, or in a dry run what would."""

    documents: list[AppliedDocument] = Field(description="Those that are changed, by section and id")


class ErrorDetail(_Shape):
    """One problem. The last three are those of the version that stands in the way of a change."""

    document: str = Field(description="`<section>/<id>`; empty when the request itself is meant")
    field: str = Field(description="Dotted path in the document, or the parameter; empty: all of it")
    message: str
    fix: str
    version: int | None = None
    changed_by: str | None = None
    changed_at: AwareDatetime | None = None


class ErrorContent(_Shape):
    """`code` is stable, `message` is for people."""

    code: str
    message: str
    details: list[ErrorDetail]


class ErrorBody(_Shape):
    """Every answer with a 4xx or 5xx status."""

    error: ErrorContent
