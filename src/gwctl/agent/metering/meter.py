"""Usage log → priced usage events and settlements, each line exactly once, however often the agent is killed.

A line has a position: how many lines of the log came before it, ever. The ledger counts by it, so it is kept in the
checkpoint. The checkpoint moves only past lines whose events are on the disk and whose cost is in the ledger.
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from gwctl.agent.metering.event_file import EventFile
from gwctl.agent.metering.usage_log import Batch, Position, UsageLog
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.events import part_name
from gwctl.agent.status import UsageStatus
from gwctl.core.files import write_atomically
from gwctl.edge.breaker import first_tried
from gwctl.edge.usage_log.line import UsageLine, UsageLineError, after_torn, parse_line
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.metering.price_line import ServedBy, meter
from gwctl.ledger.quotas.reservation import Settlement
from gwctl.ledger.quotas.scopes import scopes_of
from gwctl.policy.snapshot import Snapshot
from gwctl.pricing.model_limits import largest_answer

log = logging.getLogger("gwctl.agent")

EVENTS_PART_BYTES = 64 * 1024 * 1024
"""The events' file is put aside at this size, and a new one begun (`gwctl.agent.sinks.events`)."""
MAX_SERVED = 10_000


class Checkpoint(BaseModel):
    """How far the log was read, and how much of the two output files belongs to what was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inode: int = 0
    offset: int = 0
    events_base: int = 0
    """Bytes of events in the parts that were put aside."""
    events_bytes: int = 0
    malformed_bytes: int = 0
    lines: int = 0
    """Of the whole log, ever: the position of the line at `offset`."""

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The checkpoint in the file, or None before the first one."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None

    def save(self, path: Path) -> None:
        """Replaces the file. Raises OSError when the disk refuses."""
        write_atomically(path, json.dumps(self.model_dump()).encode())


@dataclass(frozen=True, slots=True)
class _Read:
    """Where the log was when some lines had become events; `last` is the last of them to be settled."""

    last: int
    checkpoint: Checkpoint


class Metering:
    """Reads the usage log and writes usage events; lines that cannot be read are kept beside them.

    `read`, which may run in a thread, turns lines into events; what it returns goes to the ledger, and then `commit`
    moves the checkpoint. Only one of the two may run at a time. `on_line` is told each line, perhaps more than once,
    when its event is on the disk. `was_called` says whether a provider may have been called for a request.
    """

    def __init__(
        self,
        settings: AgentSettings,
        history: SnapshotHistory,
        status: UsageStatus,
        on_line: Callable[[UsageLine], None] = lambda _: None,
        was_called: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._on_line = on_line
        self._was_called = was_called
        self._checkpoint_path = settings.checkpoint_path
        self._events_path = settings.events_file
        self._history = history
        self._status = status
        saved = Checkpoint.load(settings.checkpoint_path)
        checkpoint = saved or Checkpoint()
        if saved is None:
            # Before the first line is counted anywhere: an agent with a name and no checkpoint would count it twice.
            checkpoint.save(self._checkpoint_path)
        aside = part_name(self._events_path, checkpoint.events_base)
        if aside.exists():  # killed between the two steps of a rotation
            base = checkpoint.events_base + aside.stat().st_size
            checkpoint = checkpoint.model_copy(update={"events_base": base, "events_bytes": 0})
            checkpoint.save(self._checkpoint_path)
        self.log = UsageLog(settings.edge.usage_log, Position(saved.inode, saved.offset) if saved else None)
        self._events = EventFile(self._events_path, checkpoint.events_bytes)
        if self._events.size < checkpoint.events_bytes:  # somebody moved the file away: positions go on
            base = checkpoint.events_base + checkpoint.events_bytes - self._events.size
            checkpoint = checkpoint.model_copy(update={"events_base": base, "events_bytes": self._events.size})
            checkpoint.save(self._checkpoint_path)
        self._events_base = checkpoint.events_base
        self._committed = checkpoint
        self._inserted = settings.checkpoint_path.with_name("usage-inserted")
        self._malformed = EventFile(settings.events_file.with_suffix(".malformed"), checkpoint.malformed_bytes)
        self._served: dict[tuple[object, ...], ServedBy | None] = {}
        """By the policy's label, its variant and what Portkey said of the targets; neither ever changes."""
        self._lines = checkpoint.lines
        self._last = -1
        self._uncommitted: deque[_Read] = deque()
        self._forget_inserted()

    def step(self) -> int:
        """Turns the next lines into events and commits them; returns how many there were. For an agent without quotas.

        Raises OSError when the disk refuses; then nothing is committed and the same lines come again.
        """
        before = self._lines
        self.read()
        self.commit(None)
        return self._lines - before

    def read(self) -> Sequence[Settlement] | None:
        """Turns the next lines into events on the disk; returns what is to be settled, in order, or None: no lines.

        Raises OSError when the disk refuses; then the same lines come again.
        """
        if self._rotation_is_due and self._uncommitted:
            return None
        batch = self._read_inserted() or self.log.read()
        if batch is None:
            return None
        lines: list[UsageLine] = []
        events: list[UsageEvent] = []
        malformed: list[bytes] = []
        settlements: list[Settlement] = []
        for position, raw in enumerate(batch.lines, start=self._lines):
            line = _line(raw, malformed)
            if line is None:
                continue
            event = self._event(line)
            lines.append(line)
            events.append(event)
            settlements.append(_settlement(line, event, position))
        self._events.append(event.to_json() for event in events)
        self._malformed.append(malformed)
        for line in lines:
            self._on_line(line)
        self.log.advance(batch.end)
        self._lines += len(batch.lines)
        self._last = settlements[-1].position if settlements else self._last
        self._uncommitted.append(_Read(self._last, self._checkpoint(batch.end)))
        self._status.events += len(events)
        self._status.malformed += len(malformed)
        self._status.unpriced += sum(event.cost_nano_usd is None for event in events)
        return settlements

    def insert(self, lines: Sequence[bytes]) -> None:
        """Puts lines into the usage log here: `read` has them next. Only when everything is committed. Raises OSError.

        They stand in a file named by their position, so that an agent that is killed reads them in the same place.
        """
        if self._uncommitted:
            raise RuntimeError("lines can be inserted only when everything is committed")
        write_atomically(self._inserted_at(self._lines), b"".join(line + b"\n" for line in lines))

    def commit(self, flushed: int | None) -> bool:
        """Moves the checkpoint up to the position `flushed`, or, if it is None, to what was read.

        Returns whether everything is committed. Raises OSError when the disk refuses; then it has not moved.
        """
        done: _Read | None = None
        while self._uncommitted and (flushed is None or self._uncommitted[0].last <= flushed):
            done = self._uncommitted.popleft()
        if done is not None:
            try:
                done.checkpoint.save(self._checkpoint_path)
            except OSError:
                self._uncommitted.appendleft(done)
                raise
            self._committed = done.checkpoint
            if done.checkpoint.inode:
                self.log.commit(Position(done.checkpoint.inode, done.checkpoint.offset))
            self._forget_inserted()
        if self._rotation_is_due and not self._uncommitted:
            self._rotate_events()
        return not self._uncommitted

    def _inserted_at(self, position: int) -> Path:
        return self._inserted.with_suffix(f".{position}")

    def _read_inserted(self) -> Batch | None:
        try:
            lines = self._inserted_at(self._lines).read_bytes().splitlines()
        except FileNotFoundError:
            return None
        return Batch(tuple(lines), self.log.position)

    def _forget_inserted(self) -> None:
        for file in self._inserted.parent.glob(f"{self._inserted.name}.*"):
            if int(file.suffix[1:]) < self._committed.lines:
                file.unlink()

    @property
    def _rotation_is_due(self) -> bool:
        return self._events.size >= EVENTS_PART_BYTES

    def _rotate_events(self) -> None:
        self._events_path.rename(part_name(self._events_path, self._events_base))
        self._events_base += self._events.size
        self._events.close()
        self._events = EventFile(self._events_path, 0)
        self._committed = self._committed.model_copy(update={"events_base": self._events_base, "events_bytes": 0})
        self._committed.save(self._checkpoint_path)

    def _checkpoint(self, end: Position) -> Checkpoint:
        return Checkpoint(
            inode=end.inode,
            offset=end.offset,
            events_base=self._events_base,
            events_bytes=self._events.size,
            malformed_bytes=self._malformed.size,
            lines=self._lines,
        )

    def _event(self, line: UsageLine) -> UsageEvent:
        snapshot = self._history.find(line.policy)
        team = snapshot.teams.get(line.team) if snapshot and line.team else None
        return meter(line, self._served_by(line, snapshot), team, self._was_called)

    def _served_by(self, line: UsageLine, snapshot: Snapshot | None) -> ServedBy | None:
        if snapshot is None or line.variant is None or line.upstream is None:
            return None
        key = (snapshot.label, line.variant, line.option, line.skipped)
        if key not in self._served:
            if len(self._served) >= MAX_SERVED:
                self._served.clear()
            self._served[key] = _target(snapshot, line)
        return self._served[key]


def _target(snapshot: Snapshot, line: UsageLine) -> ServedBy | None:
    variant = snapshot.variants.get(line.variant or "")
    if variant is None:
        return None
    # No word from Portkey about who served: the caller left before the answer began. Whoever worked on it, it
    # was most likely the first target, and somebody has to be paid.
    named = None if line.option is None else variant.target_at(line.option)
    node = named or first_tried(variant.tree, line.skipped)
    return ServedBy(
        kind=snapshot.providers[node.provider].kind,
        provider=node.provider,
        model=node.model,
        price=snapshot.prices.get(node.price) if node.price else None,
        largest_answer=node.max_output_tokens or largest_answer(node.model),
    )


def _line(raw: bytes, malformed: list[bytes]) -> UsageLine | None:
    """The line, or None; what cannot be read goes to the malformed ones."""
    try:
        return parse_line(raw)
    except UsageLineError as error:
        log.error("%s", error)  # noqa: TRY400 - the message says it all
        whole = after_torn(raw)
        malformed.append(raw.removesuffix(whole or b""))
        return _line(whole, malformed) if whole else None


def _settlement(line: UsageLine, event: UsageEvent, position: int) -> Settlement:
    """What the request did cost. One that never reached Portkey gives back all that was reserved for it."""
    return Settlement(
        request_id=line.id,
        actual={
            "nano_usd": event.cost_nano_usd or 0,
            "tokens": event.input_tokens + event.output_tokens,
            "requests": int(line.upstream is not None),
        },
        position=position,
        receipt=line.quota.receipt or "",
        scopes=scopes_of(line.team, line.client, line.model),
        started=line.started.timestamp(),
    )
