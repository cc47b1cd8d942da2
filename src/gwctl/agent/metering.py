"""Usage log → priced usage events, each line exactly once, however often the agent is killed."""

import json
import logging
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from gwctl.agent.event_file import EventFile
from gwctl.agent.files import write_atomically
from gwctl.agent.history import SnapshotHistory
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import UsageStatus
from gwctl.agent.usage_log import Position, UsageLog
from gwctl.ledger.events import UsageEvent
from gwctl.ledger.metering import ServedBy, meter
from gwctl.ledger.usage_line import UsageLine, UsageLineError, parse_line
from gwctl.policy.snapshot import targets_of

log = logging.getLogger("gwctl.agent")


class Checkpoint(BaseModel):
    """How far the log was read, and how much of the two output files belongs to what was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inode: int = 0
    offset: int = 0
    events_bytes: int = 0
    malformed_bytes: int = 0

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The checkpoint in the file, or None before the first one."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None


class Metering:
    """Reads the usage log and writes usage events; lines that cannot be read are kept beside them."""

    def __init__(self, settings: AgentSettings, history: SnapshotHistory, status: UsageStatus) -> None:
        self._checkpoint_path = settings.checkpoint_path
        self._history = history
        self._status = status
        saved = Checkpoint.load(settings.checkpoint_path)
        checkpoint = saved or Checkpoint()
        self.log = UsageLog(settings.edge.usage_log, Position(saved.inode, saved.offset) if saved else None)
        self._events = EventFile(settings.events_file, checkpoint.events_bytes)
        self._malformed = EventFile(settings.events_file.with_suffix(".malformed"), checkpoint.malformed_bytes)

    def step(self) -> int:
        """Turns the next lines into events and commits them; returns how many lines there were.

        Raises OSError when the disk refuses; then nothing is committed and the same lines come again.
        """
        batch = self.log.read()
        if batch is None:
            return 0
        events: list[UsageEvent] = []
        malformed: list[bytes] = []
        for line in batch.lines:
            try:
                events.append(self._event(parse_line(line)))
            except UsageLineError as error:
                log.error("%s", error)  # noqa: TRY400 - the message says it all
                malformed.append(line)
        self._events.append(event.to_json() for event in events)
        self._malformed.append(malformed)
        self._commit(batch.end)
        self._status.events += len(events)
        self._status.malformed += len(malformed)
        self._status.unpriced += sum(event.cost_nano_usd is None for event in events)
        return len(batch.lines)

    def _commit(self, end: Position) -> None:
        checkpoint = Checkpoint(
            inode=end.inode,
            offset=end.offset,
            events_bytes=self._events.size,
            malformed_bytes=self._malformed.size,
        )
        write_atomically(self._checkpoint_path, json.dumps(checkpoint.model_dump()).encode())
        self.log.commit(end)

    def _event(self, line: UsageLine) -> UsageEvent:
        return meter(line, self._served_by(line))

    def _served_by(self, line: UsageLine) -> ServedBy | None:
        snapshot = self._history.find(line.policy)
        variant = snapshot.variants.get(line.variant) if snapshot and line.variant else None
        if snapshot is None or variant is None or line.upstream is None:
            return None
        # No word from Portkey about who served: the caller left before the answer began. Whoever worked on it, it
        # was most likely the first target, and somebody has to be paid.
        named = None if line.option is None else variant.target_at(line.option)
        node = named or next(targets_of(variant.tree))
        return ServedBy(
            kind=snapshot.providers[node.provider].kind,
            provider=node.provider,
            model=node.model,
            price=snapshot.prices.get(node.price) if node.price else None,
        )
