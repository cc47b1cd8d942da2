"""Makes the policy say what a set of documents says: one compilation, one new version, all of it or nothing.

In: documents of any sections, and what else has to go. Out: an `Outcome`. `POST /policy/apply`, and so `gwctl apply`,
come here, and so does the policy file of a local gateway. A dry run decides in the same way and writes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

from gwctl.admin.service import errors
from gwctl.admin.service.changes import Actor, Outcome, PolicyService
from gwctl.policy.documents import Client, Documents
from gwctl.policy.errors import Problem
from gwctl.policy.references import reference_problems
from gwctl.policy.state import SECTIONS, Change, Section, State, to_json
from gwctl.stores.interfaces import ClientDirectory, DocumentStore, UnavailableError

ACTION: Final = "apply"
MAX_DOCUMENT_BYTES: Final = 256 * 1024
"""A document has to fit into one item of DynamoDB, which holds 400 KB."""

Label = tuple[Section, str]
"""What a document is called: its section and its id."""

Check = Callable[[State, Sequence[Change]], Iterable[Problem]]


class PolicyApply:
    """Safe to share between threads."""

    def __init__(self, service: PolicyService, documents: DocumentStore, directory: ClientDirectory) -> None:
        self._service = service
        self._documents = documents
        self._directory = directory

    def apply(
        self,
        wanted: Documents,
        actor: Actor,
        *,
        based_on: int | None = None,
        prune: Collection[Section] = (),
        dry_run: bool = False,
    ) -> Outcome:
        """Puts the documents, and in the sections of `prune` deletes all others.

        Clients are never pruned, and none is made: the token service makes them, with their secrets. Documents that
        are all so already change nothing, whatever they are based on. Raises AdminError.
        """

        def gone(state: State) -> Iterator[Label]:
            for section in prune:
                for name in sorted(state.sections[section]) if section not in ("clients", "keys") else ():
                    yield section, name

        return self._change(wanted, gone, actor, self._client_problems, based_on=based_on, dry_run=dry_run)

    def follow(self, wanted: Documents, named_before: Collection[Label], actor: Actor) -> Outcome:
        """Puts the documents of a file, and deletes those that it named when it was followed last and names no more.

        Its clients are whatever it says. Raises AdminError.
        """
        return self._change(wanted, lambda _: sorted(named_before), actor, lambda *_: ())

    def _change(
        self,
        wanted: Documents,
        gone: Callable[[State], Iterable[Label]],
        actor: Actor,
        check: Check,
        *,
        based_on: int | None = None,
        dry_run: bool = False,
    ) -> Outcome:
        _refuse_unfit(wanted)
        puts = {
            (section, document.id): Change(section, document.id, document)
            for section in SECTIONS
            for document in getattr(wanted, section)
        }

        def plan(state: State) -> list[Change]:
            changes = [*_new(state, puts.values())]
            changes += [Change(*label, None) for label in gone(state) if label not in puts and state.get(*label)]
            if changes and based_on not in (None, state.version):
                newest = self._documents.records(limit=1)
                raise errors.moved(based_on, state, newest[0] if newest else None)
            problems = list(check(state, changes))
            if problems:
                raise errors.invalid(sorted({*problems, *self._service.problems(state, changes)}))
            return changes

        return self._service.change(plan, ACTION, actor, dry_run=dry_run)

    def _client_problems(self, state: State, changes: Sequence[Change]) -> Iterator[Problem]:
        for change in changes:
            if not isinstance(change.document, Client):
                continue
            stored = state.get("clients", change.id)
            if stored is None:
                if not self._exists(change.id):
                    message = f"the token service has no app client {change.id!r}"
                    yield Problem(change.label, "id", message, "make one: `gwctl teams clients create TEAM`")
            elif isinstance(stored.document, Client) and stored.document.team != change.document.team:
                message = f"is {change.document.team!r}, but it is a client of team {stored.document.team!r}"
                yield Problem(change.label, "team", message, "make another client for the other team")

    def _exists(self, client_id: str) -> bool:
        try:
            return self._directory.exists(client_id)
        except UnavailableError as error:
            raise errors.unavailable("the token service") from error


def _refuse_unfit(wanted: Documents) -> None:
    """Raises AdminError: of two documents with one id, chance would choose; and one may be too large to be stored."""
    problems = [problem for problem in reference_problems(wanted) if problem.field == "id"]
    for section in SECTIONS:
        for document in getattr(wanted, section):
            size = len(to_json(document))
            if size > MAX_DOCUMENT_BYTES:
                message = f"has {size} bytes; {MAX_DOCUMENT_BYTES} is the limit"
                problems.append(Problem(f"{section}/{document.id}", "", message, "make it smaller"))
    if problems:
        raise errors.invalid(problems)


def _new(state: State, changes: Iterable[Change]) -> Iterator[Change]:
    """Those that are not so already."""
    for change in changes:
        stored = state.get(change.section, change.id)
        if stored is None or stored.document != change.document:
            yield change
