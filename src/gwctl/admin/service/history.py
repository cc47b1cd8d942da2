"""For operators: the list of changes, going back to an earlier policy, publishing again, following a file.

These need the stores themselves, not the API: they work when the API does not. See docs/adr for what a rollback
leaves alone.
"""

from collections.abc import Collection, Iterable

from gwctl.admin.service import errors, ordering
from gwctl.admin.service.changes import Actor, Outcome, PolicyService
from gwctl.admin.service.difference import difference
from gwctl.admin.service.publisher import Publisher
from gwctl.audit.policy_changes import AuditRecord
from gwctl.policy.documents import Documents
from gwctl.policy.errors import PolicyError
from gwctl.policy.state import SECTIONS, Change, PolicyDocument, Section, State
from gwctl.stores.interfaces import MAX_CHANGES, DocumentStore, SnapshotStore, UnavailableError

ROLLED_BACK: tuple[Section, ...] = tuple(section for section in SECTIONS if section != "clients")
"""Clients stay as they are: a revoked one must not come back, and one made since would be cut off."""

Label = tuple[Section, str]
"""What a document is called: its section and its id."""


class PolicyHistory:
    """See the module."""

    def __init__(
        self, service: PolicyService, documents: DocumentStore, snapshots: SnapshotStore, publisher: Publisher
    ) -> None:
        self._service = service
        self._documents = documents
        self._snapshots = snapshots
        self._publisher = publisher

    def records(self, *, before: int | None = None, limit: int = 100) -> list[AuditRecord]:
        """The changes below version `before`, newest first. Raises UnavailableError."""
        return self._documents.records(before=before, limit=limit)

    def state(self, version: int) -> State:
        """The documents of a version. Raises AdminError when they are not kept."""
        try:
            data = self._snapshots.archive(version)
        except UnavailableError as error:
            raise errors.unavailable("the snapshot store") from error
        if data is None:
            raise errors.AdminError(404, "not_found", f"the documents of policy version {version} are not kept")
        return State.from_archive(data)

    def difference(self, first: int, last: int) -> list[str]:
        """What became different from one version to the other, in words; 0 is the empty policy. Raises AdminError."""
        before, after = (
            self._publisher.documents(self.state(version) if version else State()) for version in (first, last)
        )
        return difference(before, after, self._publisher.today())

    def rollback(self, version: int, actor: Actor, *, dry_run: bool = False) -> Outcome:
        """A new version whose documents, clients apart, are those of `version`. Raises AdminError.

        It refuses when the documents would not compile today, and when more than MAX_CHANGES of them differ: that
        many cannot be replaced in one step.
        """
        old = self.state(version)

        def plan(state: State) -> list[Change]:
            changes = _changes_to(state, old)
            if len(changes) > MAX_CHANGES:
                message = f"going back to version {version} changes {len(changes)} documents, {MAX_CHANGES} at once"
                raise errors.AdminError(422, "too_many", f"{message} is the limit; go back in smaller steps")
            return changes

        return self._service.change(plan, "rollback", actor, dry_run=dry_run, note=f"to version {version}")

    def republish(self, actor: Actor) -> Outcome:
        """Brings into force what is stored, compiled with today's prices and this deployment's providers.

        When that gives the snapshot in force, nothing happens. Raises AdminError.
        """
        state = self._service.load()
        try:
            if self._publisher.heal(state):
                return Outcome(state, state, changed=True, difference=[])
            now = self._publisher.compile(state)
            in_force = self._snapshots.snapshot(state.version)
        except PolicyError as error:
            raise errors.invalid(
                error.problems, "what is stored does not compile; the last good policy stays"
            ) from error
        except UnavailableError as error:
            raise errors.unavailable("the snapshot store") from error
        if in_force and in_force.content_hash == now.content_hash:
            return Outcome(state, state, changed=False, difference=[])
        return self._service.change(lambda _: [], "republish", actor, always=True)

    def follow(self, documents: Documents, named_before: Collection[Label], actor: Actor) -> list[Outcome]:
        """Makes the policy say what a file says: puts all these documents, deletes those that it names no more.

        `named_before` is what the file named when it was followed last; every other document is left alone. Up to
        MAX_CHANGES changes are made in one step. More are made in several, each of which compiles: when one of them
        is refused, those before it stay made. Providers are left out. Raises AdminError.
        """
        wanted: dict[Label, Change] = {
            (section, document.id): Change(section, document.id, document)
            for section in SECTIONS
            for document in getattr(documents, section)
        }
        dropped = [Change(*label, None) for label in sorted(named_before) if label not in wanted]

        def plan(state: State) -> list[Change]:
            return _effective(state, [*wanted.values(), *dropped])

        state = self._service.load()
        changes = plan(state)
        if len(changes) <= MAX_CHANGES:
            return [self._service.change(plan, "apply", actor)]
        self._service.change(plan, "apply", actor, dry_run=True)  # what does not compile must change nothing
        standing: dict[Label, PolicyDocument] = {
            (change.section, change.id): stored.document
            for change in changes
            if change.document is None and (stored := state.get(change.section, change.id))
        }
        return [
            self._service.change(lambda state, step=step: _effective(state, step), "apply", actor)
            for step in ordering.steps(changes, standing)
        ]


def _changes_to(state: State, old: State) -> list[Change]:
    changes: list[Change] = []
    for section in ROLLED_BACK:
        was, now = old.sections[section], state.sections[section]
        for name in sorted(was.keys() | now.keys()):
            document = was[name].document if name in was else None
            if name not in now or now[name].document != document:
                changes.append(Change(section, name, document))
    return changes


def _new(state: State, changes: Iterable[Change]) -> list[Change]:
    """Those that are not so already."""
    stored = [(change, state.get(change.section, change.id)) for change in changes]
    return [change for change, before in stored if before is None or before.document != change.document]


def _effective(state: State, changes: Iterable[Change]) -> list[Change]:
    """Those that are not so already; deletions come last."""
    made = list(changes)
    puts = [change for change in made if change.document is not None]
    deletes = [change for change in made if change.document is None and state.get(change.section, change.id)]
    return [*_new(state, puts), *deletes]
