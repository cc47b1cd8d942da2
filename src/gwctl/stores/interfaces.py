"""What the other packages need of a store, as interfaces, and what a store may raise. `aws` has them on AWS."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from gwctl.audit.policy_changes import AuditRecord
from gwctl.ledger.usage.sums import Detailed, Total
from gwctl.policy.snapshot import Snapshot
from gwctl.policy.state import Change, Head, State


class PolicyMovedError(Exception):
    """Another change came first, so this commit was refused as a whole."""


class CommitTooLargeError(Exception):
    """So many documents change at once that the store cannot record them in one step; nothing was written."""


class UnavailableError(Exception):
    """The service does not answer, or not now; what was asked may or may not have been done."""


class RefusedError(Exception):
    """The receiver does not want this message, now or later."""


@dataclass(frozen=True)
class Commit:
    """One change of the policy from `before` to `after`. All of it is written or nothing."""

    before: State
    after: State
    changes: Sequence[Change]
    record: AuditRecord


class DocumentStore(Protocol):
    """Documents, the policy's head, and the audit records. Every method may raise UnavailableError."""

    def head(self) -> Head:
        """Where the policy stands now."""
        ...

    def load(self) -> State:
        """Every document, all of the same policy version."""
        ...

    def load_since(self, state: State, head: Head) -> State | None:
        """`state` brought up to `head` by reading only what has changed; None when that cannot be done."""
        ...

    def commit(self, commit: Commit) -> None:
        """Writes, however many documents change.

        Raises PolicyMovedError when `commit.before` is not what is stored any more, and CommitTooLargeError.
        """
        ...

    def records(self, *, before: int | None = None, limit: int = 100) -> list[AuditRecord]:
        """The audit records of the versions below `before`, newest first."""
        ...


class SnapshotStore(Protocol):
    """Snapshots and archives by version, and which one is in force. Every method may raise UnavailableError."""

    def current(self) -> int | None:
        """The version in force; None before the first one."""
        ...

    def publish(self, snapshot: Snapshot, archive: bytes) -> None:
        """Keeps both under the snapshot's version and puts the snapshot into force unless a newer one already is.

        May be repeated. A version that was kept before keeps its first content, and that is put into force.
        """
        ...

    def snapshot(self, version: int) -> Snapshot | None:
        """The snapshot of a version, None when it was not kept."""
        ...

    def archive(self, version: int) -> bytes | None:
        """The archive of a version, None when it was not kept."""
        ...


@dataclass(frozen=True)
class Credentials:
    """What an app client proves its identity with. The secret is shown to its owner once and kept nowhere."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Rotation:
    """A new secret that is not in force alone yet. `handle` means something to the directory that made it."""

    credentials: Credentials
    handle: str = ""


class ClientDirectory(Protocol):
    """The app clients of the token service. Every method may raise UnavailableError."""

    def create(self, name: str) -> Credentials:
        """A new client that may invoke models, and nothing else."""
        ...

    def exists(self, client_id: str) -> bool:
        """Whether the token service knows this client."""
        ...

    def delete(self, client_id: str) -> bool:
        """Deletes the client; says whether there was one."""
        ...

    def begin_rotation(self, client_id: str) -> Rotation:
        """A new secret; the old one still works. Raises KeyError when there is no such client."""
        ...

    def finish_rotation(self, rotation: Rotation) -> None:
        """Makes the new secret the only one."""
        ...

    def abandon_rotation(self, rotation: Rotation) -> None:
        """Forgets the new secret."""
        ...


class UsageReports(Protocol):
    """Sums of usage. Every method may raise UnavailableError."""

    def of_team(self, team: str, days: Iterable[date]) -> Iterable[Detailed]:
        """A team's usage by day, client and model."""
        ...

    def of_all(self, days: Iterable[date]) -> Iterable[Total]:
        """Everybody's usage by day, team and model."""
        ...


class UsageWriter(Protocol):
    """The agent's side of the same sums. Every method may raise UnavailableError."""

    def position(self, agent: str) -> str | None:
        """How far this agent's events are in the sums, in the agent's own words; None: nothing is."""
        ...

    def add(
        self, updates: Mapping[tuple[str, str], Mapping[str, int]], *, agent: str, before: str | None, after: str
    ) -> bool:
        """Adds all updates and moves the agent's position from `before` to `after`, or does neither.

        Returns False when the position is not `before`: then these updates are in the sums already.
        """
        ...
