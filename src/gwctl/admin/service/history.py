"""For operators: the list of changes, going back to an earlier policy, publishing again.

These need the stores themselves, not the API: they work when the API does not. See docs/adr for what a rollback
leaves alone.
"""

from gwctl.admin.service import errors
from gwctl.admin.service.changes import Actor, Outcome, PolicyService
from gwctl.admin.service.difference import difference
from gwctl.admin.service.publisher import Publisher
from gwctl.audit.policy_changes import AuditRecord
from gwctl.policy.errors import PolicyError
from gwctl.policy.state import SECTIONS, Change, Section, State
from gwctl.stores.interfaces import DocumentStore, SnapshotStore, UnavailableError

ROLLED_BACK: tuple[Section, ...] = tuple(section for section in SECTIONS if section not in ("clients", "keys"))
"""Clients and keys stay as they are: a revoked one must not come back, and one made since would be cut off."""


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
        """A new version whose documents, clients and keys apart, are those of `version`. Raises AdminError.

        It refuses when the documents would not compile today.
        """
        old = self.state(version)

        return self._service.change(
            lambda state: _changes_to(state, old), "rollback", actor, dry_run=dry_run, note=f"to version {version}"
        )

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


def _changes_to(state: State, old: State) -> list[Change]:
    changes: list[Change] = []
    for section in ROLLED_BACK:
        was, now = old.sections[section], state.sections[section]
        for name in sorted(was.keys() | now.keys()):
            document = was[name].document if name in was else None
            if name not in now or now[name].document != document:
                changes.append(Change(section, name, document))
    return changes
