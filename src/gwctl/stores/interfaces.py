"""What the other packages need of a store, as interfaces, and what a store may raise.

`aws` has them on DynamoDB, S3, Firehose and Cognito, `sql` in a relational database.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, Self

from gwctl.audit.chain import Head as ChainHead
from gwctl.audit.policy_changes import AuditRecord
from gwctl.ledger.usage.sums import Detailed, Total
from gwctl.policy.snapshot import Snapshot
from gwctl.policy.state import Change, Head, Section, State


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


class SnapshotReader(Protocol):
    """The snapshot in force, for those who only follow it. Asked with what was seen last, it sends nothing known."""

    name: str

    def fetch(self) -> tuple[bytes, str] | None:
        """The snapshot's bytes and their mark; None: it is the one that `seen` was told of. Raises UnavailableError."""
        ...

    def seen(self, mark: str) -> None:
        """What has this mark need not be sent again."""
        ...


@dataclass(frozen=True)
class FileRecord:
    """The hash of the documents that a policy file held, and their labels. No hash: it did not come to its end."""

    sha256: str = ""
    named: frozenset[tuple[Section, str]] = field(default_factory=frozenset[tuple[Section, str]])

    def to_json(self) -> str:
        """What `from_json` reads."""
        return json.dumps({"sha256": self.sha256, "named": sorted(self.named)})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """What `to_json` wrote."""
        content = json.loads(text)
        return cls(content["sha256"], frozenset((section, name) for section, name in content["named"]))


class FileRecordStore(Protocol):
    """What a policy file held when it was applied last, kept and lost with the policy. May raise UnavailableError."""

    def read(self) -> FileRecord:
        """An empty one when there is none yet."""
        ...

    def write(self, record: FileRecord) -> None:
        """Replaces it."""
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
        self,
        updates: Mapping[tuple[str, str], Mapping[str, int]],
        *,
        agent: str,
        before: str | None,
        after: str,
        events: Sequence[bytes] = (),
    ) -> bool:
        """Adds all updates and moves the agent's position from `before` to `after`, or does neither.

        Returns False when the position is not `before`: then these updates are in the sums already. A store that keeps
        a record of each request makes them of `events`, in the same step.
        """
        ...


class AuditSink(Protocol):
    """Takes records of the audit log as lines. Blocking: by one thread at a time."""

    def put(self, lines: Sequence[bytes]) -> None:
        """Keeps the lines, each with its line end. Raises UnavailableError: send all of them again."""
        ...


class HeadWriter(Protocol):
    """Where the ends of the audit chains are written down. Blocking."""

    def publish(self, shard: str, head: ChainHead, time: str) -> None:
        """Writes a head down. Raises UnavailableError."""
        ...


class SentMarks(Protocol):
    """Up to which version the changes of the policy are in the audit log. Both may raise UnavailableError."""

    def version(self) -> int:
        """The version; 0: none."""
        ...

    def save(self, version: int) -> None:
        """Moves the mark."""
        ...


class Expiry(Protocol):
    """Deletes what is kept no longer, where the store does not do so by itself."""

    def expire(self, now: float) -> None:
        """Deletes what is due at `now` (seconds since the epoch). Raises UnavailableError."""
        ...


class Claims(Protocol):
    """Jobs that one agent of the fleet does at a time."""

    def claim(self, job: str, agent: str, seconds: int) -> bool:
        """True for the one caller in `seconds` whose turn it is. Raises StoreUnavailable."""
        ...
