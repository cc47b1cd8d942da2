"""The published policy snapshot → the agent's local copy of it: `settings.policy_file`, which `policy_sync` follows.

A snapshot is taken over when it is whole and newer than the copy. Anything else (no answer, half an object,
an older version) changes nothing: the last good policy stays in force, and the status says what is wrong since when.

It is asked for each second (`snapshot_poll_seconds`), with the mark of the last answer, so what has not changed is not
sent. Whoever has just published on this machine touches `nudge_file`, and it is asked for at once.
"""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import SourceProblem, StatusFile
from gwctl.core.file_watcher import FileWatcher
from gwctl.core.files import write_atomically
from gwctl.policy.snapshot import Snapshot, SnapshotError
from gwctl.stores.interfaces import SnapshotReader, UnavailableError

log = logging.getLogger("gwctl.agent")


RETRY_SECONDS = 1.0
"""How soon it is asked for again when it is not to be had."""


class SourceError(Exception):
    """What was read cannot take the place of the copy. The message is one sentence."""


class SnapshotSource:
    """See the module."""

    def __init__(self, settings: AgentSettings, status: StatusFile, reader: SnapshotReader) -> None:
        self._settings = settings
        self._status = status
        self._reader = reader
        self._copy: tuple[int, str] | None = None
        """Version and hash of the local copy."""
        self.confirmed: float | None = None
        """When the store last said what is in force, by the monotonic clock."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Follows what is published until `stopping` is set."""
        with FileWatcher() as watcher:
            nudge = watcher.watch([nudge_file(self._settings.state_dir)])
            while not stopping.is_set():
                await self.step()
                works = self._status.status.source is None
                await nudge.wait(self._settings.snapshot_poll_seconds if works else RETRY_SECONDS)

    async def step(self) -> None:
        """Asks once. Never raises because of what the store or the disk does; the status has it."""
        try:
            await asyncio.to_thread(self._ask)
        except (SourceError, UnavailableError) as error:
            self._failed(str(error))
        else:
            self._worked()

    def _ask(self) -> None:
        data = self._reader.fetch()
        self.confirmed = time.monotonic()
        if data is None:
            return
        body, mark = data
        try:
            self._take_over(body)
        except SnapshotError as error:
            raise SourceError(f"{self._reader.name} is not a whole snapshot: {error}") from error
        except OSError as error:
            raise SourceError(f"{self._settings.policy_file} cannot be written: {error}") from error
        self._reader.seen(mark)

    def _take_over(self, body: bytes) -> None:
        new = Snapshot.from_json(body)
        have = self._copy or self._read_copy()
        if have == (new.version, new.content_hash):
            self._copy = have
        elif have is None or new.version > have[0]:
            write_atomically(self._settings.policy_file, body)
            self._copy = (new.version, new.content_hash)
            log.info("policy %s was fetched", new.label)
        else:
            # A rollback has a version of its own; so this is an old object, or another deployment's.
            raise SourceError(
                f"{self._reader.name} is policy version {new.version}; {have[0]} was in force already and stays"
            )

    def _read_copy(self) -> tuple[int, str] | None:
        with suppress(OSError, SnapshotError):
            copy = Snapshot.from_json(self._settings.policy_file.read_bytes())
            return copy.version, copy.content_hash
        return None

    def _failed(self, reason: str) -> None:
        status = self._status.status
        if status.source is None or status.source.reason != reason:
            since = status.source.since if status.source else datetime.now(UTC)
            log.error("the policy in S3 is not followed: %s", reason)
            status.source = SourceProblem(reason=reason, since=since)
        self._status.publish()

    def _worked(self) -> None:
        if self._status.status.source is not None:
            log.info("the policy in S3 is followed again")
            self._status.status.source = None
            self._status.publish()


def nudge_file(state_dir: Path) -> Path:
    """The file that is touched when there may be something new."""
    return state_dir / "snapshot-nudge"
