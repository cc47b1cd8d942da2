"""The two ways of an event: to the audit log and to the usage table. Each has its own position in the queue.

A lane moves on only when what it sent is safe. Where it stands survives a kill -9: the audit lane's position and chain
in a file of its own, the usage lane's in the usage table, in the same transaction as the sums.
"""

import json
import logging
from pathlib import Path
from time import monotonic
from typing import Any, Final, Protocol

import msgspec
from pydantic import BaseModel, ConfigDict, ValidationError

from gwctl.agent.sinks.events import Committed, EventQueue, Line
from gwctl.audit.chain import EMPTY, Head, to_line, usage_record
from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically
from gwctl.ledger.usage.sums import Counted, UsageBatch
from gwctl.stores.interfaces import AuditSink, UnavailableError, UsageWriter

log = logging.getLogger(__name__)

BATCH_LINES: Final = 500
BATCH_BYTES: Final = 2 * 1024 * 1024
"""Of events; a record is a few hundred bytes longer than its event, and a call of Firehose takes 4 MiB."""

USAGE_LINES: Final = 2000
_COUNTED: Final = msgspec.json.Decoder(Counted)


class Lane(Protocol):
    """Sends the events one after the other. Blocking: each call in a thread, one at a time."""

    name: str
    position: int | None
    """Everything before it is safe; None: not known yet."""
    waiting_since: float | None
    """Since when (monotonic clock) there is something that waits; None: nothing waits."""
    done: int
    unreadable: int
    gone: int
    """Bytes of events that disappeared before they were sent."""

    def step(self, committed: Committed) -> bool:
        """Sends the next events; whether there are more. Raises UnavailableError: try again later."""
        ...


class _Lane:
    def __init__(self, name: str, queue: EventQueue) -> None:
        self.name = name
        self.position: int | None = None
        self.waiting_since: float | None = None
        self.done = 0
        self.unreadable = 0
        self.gone = 0
        self._queue = queue

    def _next(self, committed: Committed, lines: int) -> list[Line]:
        assert self.position is not None
        if self.position >= committed.end:
            self.waiting_since = None
            return []
        if self.waiting_since is None:
            self.waiting_since = monotonic()
        found = self._queue.read(self.position, committed, lines=lines, size=BATCH_BYTES)
        oldest = self._queue.oldest(committed)
        if found and oldest > self.position:
            self.gone += oldest - self.position
            log.error("%s: %d bytes of usage events are gone unsent", self.name, oldest - self.position)
        return found

    def _moved(self, position: int, committed: Committed, started: float) -> bool:
        """Takes note of what is safe now; whether more was there than one call takes."""
        more = position < committed.end
        self.position = position
        self.waiting_since = started if more else None
        return more

    def _skip(self, line: Line, why: object) -> None:
        self.unreadable += 1
        log.error("%s: the usage event before position %d cannot be read: %s", self.name, line.end, why)


class AuditCheckpoint(BaseModel):
    """How far the events were accepted by Firehose, and the end of the chain there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shard: str
    position: int = 0
    sequence: int = EMPTY.sequence
    hash: str = EMPTY.hash
    time: str = ""
    """Of the last record."""


class AuditLane(_Lane):
    """Events as chained records to Firehose, each at least once; what is sent again is a copy of what was sent."""

    def __init__(self, queue: EventQueue, stream: AuditSink, checkpoint: Path, shard: str) -> None:
        super().__init__("audit log", queue)
        self._stream = stream
        self._path = checkpoint
        self._saved = _load(checkpoint, shard)
        self.position: int | None = self._saved.position

    @property
    def head(self) -> Head:
        """The end of the chain that Firehose has accepted."""
        return Head(self._saved.sequence, self._saved.hash)

    @property
    def time(self) -> str:
        """The `time` of the record at the head; empty: there is none."""
        return self._saved.time

    def step(self, committed: Committed) -> bool:
        """See `Lane.step`."""
        self._come_back(committed)
        started = monotonic()
        lines = self._next(committed, BATCH_LINES)
        if not lines:
            return False
        head, time = self.head, self.time
        records: list[bytes] = []
        for line in lines:
            try:
                record, head = usage_record(_object(line), self._saved.shard, head)
            except ValueError as error:
                self._skip(line, error)
            else:
                records.append(to_line(record))
                time = record["time"]
        self._stream.put(records)
        end = lines[-1].end
        self._save(end, head, time)
        self.done += len(records)
        return self._moved(end, committed, started)

    def _come_back(self, committed: Committed) -> None:
        if self._saved.position > committed.end:
            log.error("audit log: the events before position %d are not here any more", self._saved.position)
            self._save(committed.end, self.head, self.time)
            self.position = committed.end

    def _save(self, position: int, head: Head, time: str) -> None:
        saved = AuditCheckpoint(
            shard=self._saved.shard, position=position, sequence=head.sequence, hash=head.hash, time=time
        )
        write_atomically(self._path, saved.model_dump_json().encode())
        self._saved = saved


class UsageNote(BaseModel):
    """How far the events were in the sums, and under which agent's name; a note, the truth is in the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    position: int


class UsageLane(_Lane):
    """Events as sums to the usage table, each exactly once.

    The table knows how far this agent is. `note` is for an agent that was given another name and kept its disk: what
    was counted under the old one is not counted again.
    """

    def __init__(self, queue: EventQueue, table: UsageWriter, note: Path, agent: str) -> None:
        super().__init__("usage table", queue)
        self._table = table
        self._note = note
        self._agent = agent
        self._before: str | None = None

    def step(self, committed: Committed) -> bool:
        """See `Lane.step`."""
        try:
            return self._step(committed)
        except UnavailableError as error:
            raise UnavailableError(str(error)) from error

    def _step(self, committed: Committed) -> bool:
        if self.position is None or self.position > committed.end:
            self._find(committed)
        started = monotonic()
        lines = self._next(committed, USAGE_LINES)
        if not lines:
            return False
        batch, events, end = UsageBatch(), list[bytes](), lines[0].end
        for line in lines:
            try:
                event = _COUNTED.decode(line.data)
            except msgspec.DecodeError as error:
                self._skip(line, error)
            else:
                if not batch.add(event):
                    break
                events.append(line.data)
            end = line.end
        where = {"agent": self._agent, "before": self._before, "after": str(end)}
        if not self._table.add(batch.updates, **where, events=events):
            # These events are in the sums already: an answer was lost. The table knows where we are.
            self.position = None
            return True
        self._before = str(end)
        more = self._moved(end, committed, started)
        self.done += len(events)
        write_atomically(self._note, UsageNote(agent=self._agent, position=end).model_dump_json().encode())
        return more

    def _find(self, committed: Committed) -> None:
        self._before = self._table.position(self._agent)
        position = int(self._before) if self._before else self._noted()
        if position > committed.end:
            # Counting them from the start would count some twice: never.
            log.error("usage table: counts up to position %d, and the events end at %d", position, committed.end)
            if not self._table.add({}, agent=self._agent, before=self._before, after=str(committed.end)):
                raise UnavailableError(f"the position of agent {self._agent} is moved by somebody else")
            position, self._before = committed.end, str(committed.end)
        self.position = position

    def _noted(self) -> int:
        """Where to begin when the table does not know this agent."""
        try:
            note = UsageNote.model_validate_json(self._note.read_bytes())
        except (FileNotFoundError, ValidationError):
            return 0
        return 0 if note.agent == self._agent else note.position  # the table was lost, or the name was


def _load(path: Path, shard: str) -> AuditCheckpoint:
    try:
        saved = AuditCheckpoint.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return AuditCheckpoint(shard=shard)
    except ValidationError as error:
        raise UserError(f"{path} is damaged; delete it, and all events that are still here are sent again") from error
    # Another name: another chain, from its beginning; what was sent under the old one is not sent again.
    return saved if saved.shard == shard else AuditCheckpoint(shard=shard, position=saved.position)


def _object(line: Line) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(line.data)
    except msgspec.DecodeError:  # it is stricter; what Python's own reader takes was an event before, too
        content = json.loads(line.data)
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - what was read is wrong, not the caller
    return content
