"""Documents into an admin API: first what would change, in words; then the changes, each on the version shown.

In: documents, an `AdminClient`. Out: a `Plan` to be confirmed; its steps in an order in which each one compiles; what
was done and what not when one fails.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from gwctl.admin.service.difference import difference
from gwctl.cli.policy.admin_client import AdminClient, ApiError, Problem, Stored
from gwctl.cli.policy.kinds import KINDS, id_of
from gwctl.cli.policy.policy_input import Wanted
from gwctl.core.errors import UserError
from gwctl.policy.documents import Documents, ScannerRule

MANY: Final = 20
"""More documents of one kind than this are compared with the whole list instead of one by one."""

_DANGLING: Final = re.compile(r"there is no (?P<noun>[a-z ]+) '(?P<id>.+)'")


@dataclass(frozen=True)
class Step:
    """One document to be written: what the API has now (None: nothing), and what changes, in words."""

    wanted: Wanted
    stored: Stored | None
    words: tuple[str, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def version(self) -> int | None:
        """What `If-Match` says: the version in the file, else the one that was read."""
        if self.stored is None:
            return None
        return self.wanted.based_on or self.stored.version


@dataclass(frozen=True)
class Plan:
    """What has to be done, in order; and how many documents are as wanted already."""

    steps: tuple[Step, ...]
    unchanged: int


class ApplyError(UserError):
    """A step was refused: what is done, what is not, and why."""

    def __init__(self, cause: UserError, done: Sequence[Step], rest: Sequence[Step]) -> None:
        failed, *after = rest
        lines = [f"{failed.wanted.label} was not applied: {cause}"]
        if done:
            lines.append(f"  Applied: {', '.join(step.wanted.label for step in done)}.")
        if after:
            lines.append(f"  Not applied: {', '.join(step.wanted.label for step in after)}.")
        lines.append("  What is applied stays in force; run the command again to go on from there.")
        super().__init__("\n".join(lines) if done or after else str(cause))


def make_plan(client: AdminClient, wanted: Sequence[Wanted]) -> Plan:
    """Compares with what the API has, and asks it what each change means. Changes nothing.

    Raises UserError: the API refuses a document, or it was changed since the version that the file is based on.
    """
    steps: list[Step] = []
    for each, stored in _with_stored(client, wanted):
        if stored is None and each.based_on is not None:
            raise UserError(
                f"{each.kind.noun} {each.id!r} does not exist, but {each.source} is based on its version "
                f"{each.based_on}; remove `version` from the file to create it"
            )
        if not _is_same(each, stored):
            steps.append(Step(each, stored, body=each.as_json()))
    ordered = in_order(steps)
    told, problems = [], list[Problem]()
    for step in ordered:
        try:
            told.append(replace(step, words=tuple(_words(client, step, ordered))))
        except ApiError as error:
            if error.status != 422 or not error.problems:
                raise _in_words(error, step) from None
            problems += error.problems
    if problems:
        raise UserError(
            "\n  ".join(["the change does not compile, nothing was changed", *dict.fromkeys(map(str, problems))])
        )
    return Plan(tuple(told), len(wanted) - len(steps))


def carry_out(client: AdminClient, plan: Plan) -> Iterator[Step]:
    """Writes the documents, and yields each step when it is done. Raises ApplyError."""
    done: list[Step] = []
    begun: dict[str, int | None] = {}
    actions = _actions(plan.steps)
    for index, (step, is_last) in enumerate(actions):
        label = step.wanted.label
        try:
            written = client.put(step.wanted.path, step.body, begun.get(label, step.version))
        except UserError as error:
            rest = [each for each, final in actions[index + 1 :] if final and each.wanted.label != label]
            raise ApplyError(_in_words(error, step), done, [step, *rest]) from None
        begun[label] = written.version
        if is_last:
            done.append(step)
            yield step


def _with_stored(client: AdminClient, wanted: Sequence[Wanted]) -> Iterator[tuple[Wanted, Stored | None]]:
    by_section: dict[str, list[Wanted]] = {}
    for each in wanted:
        by_section.setdefault(f"{each.kind.section}/{each.team}", []).append(each)
    for group in by_section.values():
        kind = group[0].kind
        if len(group) <= MANY:
            yield from ((each, client.find(each.path)) for each in group)
            continue
        path = f"/teams/{group[0].team}/clients" if kind.section == "clients" else kind.path
        known = {id_of(kind, stored.document): stored for stored in _listed(client, path)}
        yield from ((each, known.get(each.id)) for each in group)


def _listed(client: AdminClient, path: str) -> list[Stored]:
    try:
        return list(client.listed(path))
    except ApiError as error:
        if error.status == 404:  # the clients of a team that is new itself
            return []
        raise


def _is_same(wanted: Wanted, stored: Stored | None) -> bool:
    return stored is not None and type(wanted.document).model_validate(stored.document) == wanted.document


def in_order(steps: Sequence[Step]) -> list[Step]:
    """The steps so that what a document names comes before it, as far as it does not exist yet."""
    rank = {kind.section: index for index, kind in enumerate(KINDS)}
    waiting = sorted(steps, key=lambda step: (rank[step.wanted.kind.section], step.wanted.id))
    new = {step.wanted.label for step in steps if step.stored is None}
    ordered: list[Step] = []
    placed: set[str] = set()
    while waiting:
        ready = next((step for step in waiting if not (_needs(step) & new) - placed), None)
        if ready is None:  # a circle: `_actions` knows how to begin with a rule; else the API says what is wrong
            ready = next((step for step in waiting if step.wanted.kind.section == "scanner"), waiting[0])
        waiting.remove(ready)
        ordered.append(ready)
        placed.add(ready.wanted.label)
    return ordered


def _needs(step: Step) -> set[str]:
    """The labels of the documents that a document names, without itself."""
    return set(references(step.wanted)) - {step.wanted.label}


def references(wanted: Wanted) -> Iterator[str]:
    """`<section>/<id>` of everything that a document names and the API stores."""
    document: Any = wanted.document
    match wanted.kind.section:
        case "routes":
            yield from (f"routes/{name}" for name in document.fallbacks)
            yield from (f"scanner/{name}" for name in document.scanner)
        case "teams":
            yield from (f"routes/{name}" for name in (document.models if document.models != "*" else ()))
        case "clients":
            yield f"teams/{document.team}"
        case "scanner":
            yield from (f"teams/{name}" for name in (document.teams if document.teams != "*" else ()))
        case "budgets":
            named = (("teams", document.team), ("clients", document.client), ("routes", document.model))
            yield from (f"{section}/{name}" for section, name in named if name is not None)
        case _:
            return


def _actions(steps: Sequence[Step]) -> list[tuple[Step, bool]]:
    """What is written, in order, and whether a document is as wanted with it.

    A new scanner rule that names teams which come after it is made for no team first, so that circles of new documents
    (route → rule → team → route) can be written at all.
    """
    actions: list[tuple[Step, bool]] = []
    later: list[tuple[Step, bool]] = []
    for index, step in enumerate(steps):
        after = {each.wanted.label for each in steps[index + 1 :] if each.stored is None}
        if isinstance(step.wanted.document, ScannerRule) and step.stored is None and _needs(step) & after:
            actions.append((replace(step, body={**step.body, "teams": []}), False))
            later.append((step, True))
        else:
            actions.append((step, True))
    return actions + later


def _in_words(error: UserError, step: Step) -> UserError:
    """An error as it is told; a conflict says how to go on."""
    if not isinstance(error, ApiError) or error.status != 409:
        return error
    if step.wanted.based_on is not None:
        where = f"{step.wanted.source} is based on version {step.wanted.based_on}"
        return UserError(f"{error.message}; {where}: read it again, or remove `version` from the file")
    return UserError(f"{error.message}; run the command again to see what would change now")


def _words(client: AdminClient, step: Step, steps: Sequence[Step]) -> list[str]:
    """What a change means. Where it needs others of the same plan, the API cannot say yet: then from the documents."""
    try:
        return client.put(step.wanted.path, step.body, step.version, dry_run=True).difference or ["no visible effect"]
    except ApiError as error:
        if error.status != 422 or not error.problems:
            if error.status == 404 and f"teams/{step.wanted.team}" in {each.wanted.label for each in steps}:
                return _own_words(step)
            raise
        real = [problem for problem in error.problems if not _goes_away(problem, steps)]
        if real:
            raise ApiError(error.status, error.code, error.message, tuple(real)) from None
        return _own_words(step)


def _goes_away(problem: Problem, steps: Sequence[Step]) -> bool:
    """Whether a problem is only that another document of the plan is not there yet."""
    match = _DANGLING.fullmatch(problem.message)
    if match:
        nouns = {kind.noun: kind.section for kind in KINDS}
        label = f"{nouns.get(match['noun'], '')}/{match['id']}"
        return any(step.wanted.label == label for step in steps)
    if problem.field == "limit_usd" and "no price" in problem.message:
        return any(step.wanted.kind.section in {"pricing", "routes"} for step in steps)
    return False


def _own_words(step: Step) -> list[str]:
    section = step.wanted.kind.section
    before = Documents()
    if step.stored is not None:
        old = type(step.wanted.document).model_validate(step.stored.document)
        before = Documents.model_validate({section: (old,)})
    after = Documents.model_validate({section: (step.wanted.document,)})
    return difference(before, after, datetime.now(UTC).date())
