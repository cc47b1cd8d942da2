"""`/policy`: the policy as a whole: which version is in force, how it came to be, and the way back."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import ValidationError

from gwctl.admin.api import access, crud
from gwctl.admin.api.crud import LIST_REFUSALS, READ_REFUSALS
from gwctl.admin.api.http import Api, answer
from gwctl.admin.api.shapes.models import (
    AppliedDocument,
    ApplyPolicy,
    ChangedDocument,
    PolicyApplied,
    PolicyChange,
    PolicyChangePage,
    PolicyDifference,
    PolicyOutcome,
    PolicyVersion,
    Rollback,
)
from gwctl.admin.api.shapes.parameters import DryRun, Limit, Next
from gwctl.admin.service import errors, runtime
from gwctl.admin.service.changes import Outcome
from gwctl.audit.policy_changes import AuditRecord, DocumentChange
from gwctl.policy.documents import Document, Documents
from gwctl.policy.errors import PolicyError, Problem
from gwctl.policy.state import SECTIONS, Change, State
from gwctl.policy.validation import problems_of, validate_documents
from gwctl.stores.interfaces import UnavailableError

MAX_VERSION = 10**12 - 1
Version = Annotated[int | None, Query(ge=1, le=MAX_VERSION, description="A policy version. Default: the newest")]

api = Api("policy")


@api.operation(
    "GET",
    "/policy",
    summary="Read a policy version",
    answers={200: PolicyVersion},
    refusals=READ_REFUSALS,
    security=access.READ,
)
def get_policy(version: Version = None) -> Response[str]:
    """Who made it and when, how many documents it has, and which version is in force."""
    running = runtime.get()
    newest = running.documents.head().version
    wanted = newest if version is None else version
    records = running.documents.records(before=wanted + 1, limit=1)
    if wanted > newest or not records or records[0].version != wanted:
        raise errors.AdminError(404, "not_found", f"there is no policy version {wanted}")
    state = running.service.load() if wanted == newest else running.history.state(wanted)
    record = records[0]
    return answer(
        PolicyVersion(
            version=record.version,
            label=f"{record.version}.{record.policy_sha256[:8]}",
            in_force=_in_force(),
            newest=newest,
            actor=record.actor,
            action=record.action,
            time=record.time,
            documents={section: len(state.sections[section]) for section in SECTIONS},
        )
    )


@api.operation(
    "GET",
    "/policy/changes",
    summary="List the changes of the policy",
    answers={200: PolicyChangePage},
    refusals=LIST_REFUSALS,
    security=access.READ,
)
def list_changes(limit: Limit = 100, after: Next = None) -> Response[str]:
    """One for each policy version, newest first, a page at a time."""
    token = crud.after_token(after)
    if token is not None and not (token.isascii() and token.isdigit() and len(token) <= len(str(MAX_VERSION))):
        raise errors.invalid([Problem("", "next", "is not a token of this API", "use `next` as it is")])
    records = runtime.get().documents.records(before=int(token) if token else None, limit=limit + 1)
    page = records[:limit]
    more = crud.next_token(str(page[-1].version)) if len(records) > limit else None
    return answer(PolicyChangePage(items=[_change(record) for record in page], next=more))


@api.operation(
    "GET",
    "/policy/difference",
    summary="Compare two policy versions",
    answers={200: PolicyDifference},
    refusals=READ_REFUSALS,
    security=access.READ,
)
def compare_versions(
    first: Annotated[
        int | None,
        Query(alias="from", ge=0, le=MAX_VERSION, description="A policy version. Default: the one before `to`"),
    ] = None,
    last: Annotated[
        int | None, Query(alias="to", ge=0, le=MAX_VERSION, description="A policy version. Default: the newest")
    ] = None,
) -> Response[str]:
    """What became different on the way from one version to the other: one sentence for each effect."""
    running = runtime.get()
    to = running.documents.head().version if last is None else last
    since = max(0, to - 1) if first is None else first
    words = running.history.difference(since, to)
    return answer(PolicyDifference(**{"from": since, "to": to}, difference=words))


def _explained(content: Any) -> Iterator[Problem]:
    """What is wrong with a body, said of each document by its name."""
    documents = content.get("documents")
    try:
        ApplyPolicy.model_validate({**content, "documents": {}} if isinstance(documents, Mapping) else content)
    except ValidationError as error:
        yield from problems_of(error, "", Document)
    if isinstance(documents, Mapping):
        sections: dict[str, object] = {str(name): entries for name, entries in documents.items()}
        if "providers" in sections:
            del sections["providers"]
            yield Problem("documents", "providers", "belong to the deployment, no API stores them", "leave them out")
        try:
            validate_documents(sections, "documents")
        except PolicyError as error:
            yield from error.problems


@api.operation(
    "POST",
    "/policy/apply",
    summary="Make the policy say what documents say",
    answers={200: PolicyApplied},
    refusals=(400, 409, 413, 415, 422),
    security=access.WRITE,
    body=ApplyPolicy,
    explain=_explained,
    max_bytes=4 * 1024 * 1024,  # Lambda takes 6 MB, and the quotes in a body are escaped there
)
def apply_policy(body: Annotated[ApplyPolicy, Body()]) -> Response[str]:
    """Compiles all documents together and stores them as one version, or nothing; their order does not matter.

    With `based_on`, a 409 says who has changed the policy since. The same documents again change nothing. A client
    must be an app client of the token service already, and stays with its team. The body may have 4 MB.
    """
    named = body.documents.model_fields_set
    outcome = runtime.get().applier.apply(
        Documents.model_validate({name: tuple(documents) for name, documents in body.documents}),
        api.actor,
        based_on=body.based_on,
        prune=[section for section in SECTIONS if section in named] if body.prune else (),
        dry_run=body.dry_run,
    )
    return answer(
        PolicyApplied(
            policy_version=outcome.state.version,
            changed=outcome.changed,
            dry_run=body.dry_run,
            difference=outcome.difference,
            documents=[_applied(change, outcome.before) for change in outcome.changes],
        )
    )


def _applied(change: Change, before: State) -> AppliedDocument:
    stored = before.get(change.section, change.id)
    kind = "created" if stored is None else "deleted" if change.document is None else "changed"
    known = {name: getattr(stored, name) for name in ("changed_by", "changed_at")} if stored else {}
    return AppliedDocument(document=change.label, change=kind, version=stored.version if stored else None, **known)


@api.operation(
    "POST",
    "/policy/rollback",
    summary="Go back to an earlier policy",
    answers={200: PolicyOutcome},
    refusals=(400, 404, 413, 415, 422),
    security=access.WRITE,
    body=Rollback,
)
def roll_back(body: Annotated[Rollback, Body()], dry_run: DryRun = False) -> Response[str]:
    """A new version with the documents of the earlier one. Clients stay as they are: a revoked one stays revoked."""
    return _outcome(runtime.get().history.rollback(body.version, api.actor, dry_run=dry_run), dry_run=dry_run)


@api.operation(
    "POST",
    "/policy/republish",
    summary="Publish the policy again",
    answers={200: PolicyOutcome},
    refusals=(422,),
    security=access.WRITE,
)
def republish() -> Response[str]:
    """Brings into force what is stored, compiled with today's prices. Changes nothing where that is in force."""
    return _outcome(runtime.get().history.republish(api.actor), dry_run=False)


def _outcome(outcome: Outcome, *, dry_run: bool) -> Response[str]:
    return answer(
        PolicyOutcome(
            policy_version=outcome.state.version,
            changed=outcome.changed,
            dry_run=dry_run,
            difference=outcome.difference,
        )
    )


def _in_force() -> int | None:
    try:
        return runtime.get().snapshots.current()
    except UnavailableError as error:
        raise errors.unavailable("the snapshot store") from error


def _change(record: AuditRecord) -> PolicyChange:
    return PolicyChange(
        version=record.version,
        time=record.time,
        actor=record.actor,
        action=record.action,
        request_id=record.request_id,
        note=record.note,
        documents=[ChangedDocument(document=f"{c.section}/{c.id}", change=_kind(c)) for c in record.changes],
    )


def _kind(change: DocumentChange) -> Any:
    if change.before_sha256 is None:
        return "created"
    return "deleted" if change.after_sha256 is None else "changed"
