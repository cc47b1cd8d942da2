"""Changes of the policy: load → check the version → change → compile → write → publish. The core of every write.

Nothing is written that does not compile. A write is one transaction, however many documents it changes: documents, the
policy's version and one audit record. If another change comes first, the whole is tried again on top of it; whether the
caller's `If-Match` still holds is then decided anew.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gwctl.admin.service import errors
from gwctl.admin.service.current import CurrentState
from gwctl.admin.service.difference import difference
from gwctl.admin.service.publisher import Publisher
from gwctl.audit.policy_changes import AuditRecord, detachment, document_changes
from gwctl.policy.errors import PolicyError, Problem
from gwctl.policy.snapshot import Snapshot
from gwctl.policy.state import Change, Head, PolicyDocument, Section, State, Stored
from gwctl.stores.interfaces import Commit, CommitTooLargeError, DocumentStore, PolicyMovedError, UnavailableError

log = logging.getLogger("gwctl.admin")

RETRY_SECONDS: Final = 20.0
"""API Gateway waits 29 s for an answer; a change that was not written by then is given up."""

FIRST_PAUSE: Final = 0.01
MAX_PAUSE: Final = 1.0


@dataclass(frozen=True)
class Actor:
    """Who asks for a change, and in which request."""

    client_id: str
    request_id: str


@dataclass(frozen=True)
class Expected:
    """What the caller knows of the document: its version, that there is one (`any`), or that there is none."""

    version: int | None = None
    any: bool = False
    absent: bool = False

    @property
    def nothing(self) -> bool:
        """Whether the caller said nothing."""
        return self.version is None and not self.any and not self.absent


@dataclass(frozen=True)
class Outcome:
    """What became of a change: the policy before and now. `changed` is False when everything was as asked before.

    `changes` are what was made, or in a dry run would be.
    """

    before: State
    state: State
    changed: bool
    difference: list[str]
    changes: Sequence[Change] = ()


class PolicyService:
    """Stores and compiles. Safe to share between threads."""

    def __init__(
        self,
        documents: DocumentStore,
        current: CurrentState,
        publisher: Publisher,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._documents = documents
        self._current = current
        self._publisher = publisher
        self._clock = clock
        self._sleep = sleep

    def load(self) -> State:
        """All documents as they are now. Raises UnavailableError."""
        return self._current.load()

    def put(
        self,
        section: Section,
        document: PolicyDocument,
        expected: Expected,
        actor: Actor,
        *,
        dry_run: bool = False,
        may_create: Callable[[], None] | None = None,
    ) -> Outcome:
        """Creates or replaces a document. The same content again changes nothing, whatever is expected.

        `may_create` is called before a document comes into being and may raise. Raises AdminError.
        """

        def plan(state: State) -> list[Change]:
            stored = state.get(section, document.id)
            if stored and stored.document == document:
                return []
            check_expected(section, document.id, stored, expected)
            if stored is None and may_create:
                may_create()
            return [Change(section, document.id, document)]

        return self.change(plan, "put", actor, dry_run=dry_run)

    def delete(
        self, section: Section, document_id: str, expected: Expected, actor: Actor, *, dry_run: bool = False
    ) -> Outcome:
        """Deletes a document that no other names. Raises AdminError."""

        def plan(state: State) -> list[Change]:
            stored = state.get(section, document_id)
            if stored is None:
                raise errors.not_found(section, document_id)
            check_expected(section, document_id, stored, expected)
            return [Change(section, document_id, None)]

        try:
            return self.change(plan, "delete", actor, dry_run=dry_run)
        except PolicyProblems as error:
            new = self._new_problems(error.cause)
            if not new:  # the policy did not compile before either, so no other document is the reason
                raise
            raise errors.referenced(section, document_id, new) from error

    def change(
        self,
        plan: Callable[[State], Sequence[Change]],
        action: str,
        actor: Actor,
        *,
        dry_run: bool = False,
        note: str = "",
        always: bool = False,
    ) -> Outcome:
        """Carries out what `plan` makes of the current state, in one step or not at all.

        `plan` may be called several times and raises AdminError to refuse. When it plans nothing, nothing is written,
        except with `always`: then there is a new version with an audit record. Raises AdminError.
        """
        deadline = time.monotonic() + RETRY_SECONDS
        attempt = 0
        try:
            while True:
                before = self._current.load()
                changes = plan(before)
                if not changes and not always:
                    return self._unchanged(before, dry_run)
                draft, snapshot = self._compile(before, changes, actor)
                words = self._difference(before, draft)
                if dry_run:
                    return Outcome(before, before, bool(changes or always), words, changes)
                after = self._commit(before, draft, snapshot, changes, action, actor, note)
                if after is not None:
                    self._publish(after, snapshot)
                    return Outcome(before, after, changed=True, difference=words, changes=changes)
                if time.monotonic() > deadline:
                    raise errors.busy()
                pause = min(MAX_PAUSE, FIRST_PAUSE * 2**attempt)
                self._sleep(random.uniform(0, pause))  # noqa: S311 - it only spreads the writers out
                attempt += 1
        except UnavailableError as error:
            log.exception("policy change of %s", actor.client_id)
            raise errors.unavailable("the document store") from error

    def problems(self, state: State, changes: Sequence[Change]) -> tuple[Problem, ...]:
        """What keeps a state with these changes from compiling."""
        try:
            self._publisher.compile(state.with_changes(changes, state.head, "", self._clock()))
        except PolicyError as error:
            return error.problems
        return ()

    def _new_problems(self, error: PolicyError) -> list[Problem]:
        """Those that the policy does not have as it stands."""
        return sorted(set(error.problems) - set(self.problems(self._current.load(), ())))

    def _unchanged(self, state: State, dry_run: bool) -> Outcome:
        if not dry_run:
            try:
                if self._publisher.heal(state):
                    log.warning("policy version %d was stored but not in force; published it", state.version)
            except (UnavailableError, PolicyError) as error:
                log.exception("policy version %d is not in force", state.version)
                raise errors.not_published(state.version) from error
        return Outcome(state, state, changed=False, difference=[])

    def _compile(self, before: State, changes: Sequence[Change], actor: Actor) -> tuple[State, Snapshot]:
        head = Head(before.version + 1)
        draft = before.with_changes(changes, head, actor.client_id, self._clock())
        try:
            return draft, self._publisher.compile(draft)
        except PolicyError as error:
            raise PolicyProblems(error) from error

    def _difference(self, before: State, after: State) -> list[str]:
        return difference(self._publisher.documents(before), self._publisher.documents(after), self._publisher.today())

    def _commit(
        self,
        before: State,
        draft: State,
        snapshot: Snapshot,
        changes: Sequence[Change],
        action: str,
        actor: Actor,
        note: str,
    ) -> State | None:
        made = document_changes(before, changes)
        documents, documents_sha256 = detachment(made)
        record = AuditRecord(
            version=draft.version,
            time=self._clock(),
            actor=actor.client_id,
            action=action,
            request_id=actor.request_id,
            changes=made,
            policy_sha256=snapshot.content_hash.removeprefix("sha256:"),
            note=note,
            previous_sha256=before.head.audit_sha256,
            documents=documents,
            documents_sha256=documents_sha256,
        )
        after = before.with_changes(changes, Head(record.version, record.digest), record.actor, record.time)
        try:
            self._documents.commit(Commit(before, after, changes, record))
        except PolicyMovedError:
            return None
        except CommitTooLargeError as error:
            raise errors.too_many(len(changes)) from error
        self._current.remember(after)
        return after

    def _publish(self, state: State, snapshot: Snapshot) -> None:
        try:
            self._publisher.publish(state, snapshot)
        except UnavailableError as error:
            log.exception("policy version %d is stored but not in force", state.version)
            raise errors.not_published(state.version) from error


class PolicyProblems(errors.AdminError):
    """The documents would not compile; `cause` has the problems. To a caller it is `errors.invalid`."""

    def __init__(self, cause: PolicyError) -> None:
        answer = errors.invalid(cause.problems)
        super().__init__(answer.status, answer.code, answer.message, answer.details)
        self.cause = cause


def check_expected(section: Section, document_id: str, stored: Stored | None, expected: Expected) -> None:
    """Raises AdminError when what is stored is not what the caller expects."""
    if stored is None:
        if expected.version is not None or expected.any:
            raise errors.gone(section, document_id)
    elif expected.nothing:
        raise errors.precondition_required(section, document_id, stored)
    elif expected.absent or expected.version not in (None, stored.version):
        raise errors.conflict(section, document_id, stored)
