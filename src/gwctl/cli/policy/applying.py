"""Documents into an admin API, with two requests: a dry run that says what would change, then the change itself.

In: documents, an `AdminClient`. Out: a `Plan` to be confirmed; carrying it out does exactly that, or nothing when the
policy was changed meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gwctl.cli.admin.admin_client import AdminClient, ApiError
from gwctl.cli.policy.policy_input import Wanted
from gwctl.core.errors import UserError
from gwctl.policy.errors import Problem

PATH: Final = "/policy/apply"


@dataclass(frozen=True)
class Planned:
    """One document's part. `version`, `changed_by` and `changed_at` are of what stands there; None: nothing does."""

    document: str
    change: str
    version: int | None
    changed_by: str | None
    changed_at: str | None


@dataclass(frozen=True)
class Plan:
    """What has to be done, what it means in words, and the request that does it."""

    changes: tuple[Planned, ...]
    words: tuple[str, ...]
    request: Mapping[str, Any]


def make_plan(client: AdminClient, wanted: Sequence[Wanted], *, prune: bool = False) -> Plan:
    """Asks what would change. Raises UserError: it would be refused, or a file is based on another version."""
    documents: dict[str, list[Any]] = {}
    for each in wanted:
        documents.setdefault(each.kind.section, []).append(each.as_json())
    request = {"documents": documents, "prune": prune}
    try:
        answer = client.call("POST", PATH, body={**request, "dry_run": True})
    except ApiError as error:
        raise ApiError(error.status, error.code, error.message, _located(error.problems, wanted)) from None
    changes = tuple(Planned(**each) for each in answer["documents"])
    _refuse_outdated(wanted, {change.document: change for change in changes})
    return Plan(changes, tuple(answer["difference"]), {**request, "based_on": answer["policy_version"]})


def carry_out(client: AdminClient, plan: Plan) -> int:
    """Makes the planned change; the policy's version after it. Raises UserError, and then nothing was changed."""
    try:
        return int(client.call("POST", PATH, body=plan.request)["policy_version"])
    except ApiError as error:
        if error.status == 409:
            raise UserError(f"{error.message}; run the command again to see what would change now") from None
        raise


def _located(problems: Sequence[Problem], wanted: Sequence[Wanted]) -> tuple[Problem, ...]:
    """The problems with the places in the files at which they are."""
    places = {each.label: each.place for each in wanted}
    return tuple(
        replace(each, at=found.of(each.field)) if (found := places.get(each.document)) else each for each in problems
    )


def _refuse_outdated(wanted: Sequence[Wanted], changes: Mapping[str, Planned]) -> None:
    """Raises UserError: somebody has changed a document since the version that its file was made from."""
    for each in wanted:
        change = changes.get(each.label)
        if change is None or each.based_on in (None, change.version):
            continue
        what, based = f"{each.kind.noun} {each.id!r}", f"{each.source} is based on its version {each.based_on}"
        if change.version is None:
            raise UserError(f"{what} does not exist, but {based}; remove `version` from the file to create it")
        when = f"{str(change.changed_at)[:19].replace('T', ' ')} UTC"
        raise UserError(
            f"{what} was changed by {change.changed_by} on {when}; its version is {change.version} now, and {based}: "
            "read it again, or remove `version` from the file"
        )
