"""Policy snapshots and archives of the documents in S3.

    snapshots/<version>.json      the snapshot; written once, never changed
    documents/<version>.json.gz   the documents that it was compiled from (`State.to_archive`); likewise
    current.json                  the snapshot in force: what the agents poll; its metadata has the version

All three are written with conditions, so two writers never undo each other: `If-None-Match: *` for the first two,
`If-Match` for the last, which only ever moves to a higher version.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.policy.snapshot import Snapshot, SnapshotError
from gwctl.policy.state import StateError
from gwctl.stores.aws.clients import AWS_ERRORS, code_of
from gwctl.stores.aws.settings import CURRENT, SnapshotPlace
from gwctl.stores.interfaces import UnavailableError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ROUNDS: Final = 20
NOT_CHANGED: Final = {"304", "NotModified"}
MISSING: Final = {"404", "NoSuchKey", "NotFound"}
LOST: Final = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
"""Somebody else wrote the object first, or is writing it now."""


class _LostError(Exception):
    """The condition of a write does not hold."""


class S3SnapshotReader:
    """The snapshot in force, for those who only follow it. Asked with what was seen last, it sends nothing known."""

    def __init__(self, place: SnapshotPlace, connect: Callable[[], Any]) -> None:
        """`connect` makes the S3 client when it is needed first."""
        self.name = f"s3://{place.bucket}/{place.key}"
        self._place = place
        self._connect = connect
        self._client: Any = None
        self._etag: str | None = None

    def fetch(self) -> tuple[bytes, str] | None:
        """The snapshot's bytes and their mark; None: it is the one that `seen` was told of. Raises UnavailableError."""
        condition = {"IfNoneMatch": self._etag} if self._etag else {}
        try:
            self._client = self._client or self._connect()
            answer = self._client.get_object(Bucket=self._place.bucket, Key=self._place.key, **condition)
            return answer["Body"].read(), answer["ETag"]
        except ClientError as error:
            code = code_of(error)
            if code in NOT_CHANGED:
                return None
            if code in MISSING:
                raise UnavailableError(
                    f"there is no {self.name} yet; the first change of the policy makes it"
                ) from error
            raise UnavailableError(f"{self.name} cannot be read: {error}") from error
        except (BotoCoreError, OSError, ValueError) as error:
            raise UnavailableError(f"{self.name} cannot be read: {error}") from error

    def seen(self, mark: str) -> None:
        """What has this mark need not be sent again."""
        self._etag = mark


class S3SnapshotStore:
    """See `gwctl.stores.interfaces.SnapshotStore`. Safe to share between threads."""

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        current_key: str = CURRENT,
        published: Callable[[], None] | None = None,
    ) -> None:
        """`published` is called after each publication, for those who would otherwise have to ask."""
        self._client: Any = client
        self._bucket = bucket
        self._current_key = current_key
        self._published = published

    def current(self) -> int | None:
        """See `SnapshotStore.current`. One HeadObject."""
        head = self._head_current()
        return head[0] if head else None

    def publish(self, snapshot: Snapshot, archive: bytes) -> None:
        """See `SnapshotStore.publish`. Three PutObject and a HeadObject when nobody else writes."""
        version, data = snapshot.version, snapshot.to_json()
        with suppress(_LostError):  # the documents of a version are the same whoever keeps them
            self._put(f"documents/{version}.json.gz", archive, IfNoneMatch="*")
        try:
            self._put(f"snapshots/{version}.json", data, IfNoneMatch="*")
        except _LostError:
            # Kept before, maybe on another day and so with other prices: that one counts.
            data = self._get(f"snapshots/{version}.json") or data
        self._move_current(version, data)
        if self._published:
            self._published()

    def snapshot(self, version: int) -> Snapshot | None:
        """See `SnapshotStore.snapshot`. One GetObject. Raises StateError when it is damaged."""
        data = self._get(f"snapshots/{version}.json")
        try:
            return Snapshot.from_json(data) if data else None
        except SnapshotError as error:
            raise StateError(f"snapshots/{version}.json: {error}") from error

    def archive(self, version: int) -> bytes | None:
        """See `SnapshotStore.archive`. One GetObject."""
        return self._get(f"documents/{version}.json.gz")

    def _move_current(self, version: int, data: bytes) -> None:
        for _ in range(ROUNDS):
            head = self._head_current()
            if head and head[0] >= version:
                return
            condition = {"IfMatch": head[1]} if head else {"IfNoneMatch": "*"}
            try:
                self._put(self._current_key, data, Metadata={"version": str(version)}, **condition)
            except _LostError:
                continue
            return
        raise UnavailableError(f"{self._bucket}/{self._current_key}: others write it again and again")

    def _head_current(self) -> tuple[int, str] | None:
        """Version and ETag of the snapshot in force."""
        with _translated(self._bucket):
            try:
                answer = self._client.head_object(Bucket=self._bucket, Key=self._current_key)
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise
        # Names of metadata come back in other letters from some servers. Without a version, somebody else's object
        # stands there: any version may replace it.
        metadata = {name.lower(): value for name, value in answer["Metadata"].items()}
        return int(metadata.get("version", -1)), answer["ETag"]

    def _put(self, key: str, data: bytes, **conditions: Any) -> None:
        kind = "application/gzip" if key.endswith(".gz") else "application/json"
        with _translated(self._bucket):
            try:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=kind, **conditions)
            except ClientError as error:
                if code_of(error) in LOST:
                    raise _LostError(key) from error
                raise

    def _get(self, key: str) -> bytes | None:
        with _translated(self._bucket):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise


@contextmanager
def _translated(bucket: str) -> Iterator[None]:
    try:
        yield
    except AWS_ERRORS as error:
        raise UnavailableError(f"{bucket}: {error}") from error
