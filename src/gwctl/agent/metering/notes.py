"""Portkey's notes: requests that it had from an edge whose connection ended, in case the edge is dead.

In: the file that the preload script (portkey/preload.cjs) appends to, one JSON object a line, and each
request of the usage log. Out: the notes of dead edges whose requests the usage log does not have, as lines of it. An
edge that lives writes its line itself, so most notes come to nothing.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from gwctl.agent.sinks.events import DIGITS
from gwctl.core.files import write_atomically
from gwctl.edge.usage_log.line import EDGE_DIED
from gwctl.ledger.quotas.reservation import RecentIds

log = logging.getLogger("gwctl.agent")

APPENDED_BY_ALL: Final = 0o622
"""Portkey may run as another user: it appends, and need not read."""
ANEW_SECONDS: Final = 10.0
"""So often the file is begun anew: notes must go before the events by which a restart knows them."""
MAX_AGE_SECONDS: Final = 3_600.0
"""No edge takes so long to write a line: if the usage log still does not have it, its edge is dead, whoever has its
process id now."""
_CAPS: Final = {"chat": "max_completion_tokens", "messages": "max_tokens", "responses": "max_output_tokens"}
_EVENT_ID: Final = re.compile(rb'"id":"([^"\\]*)"')


class Told(BaseModel):
    """What the edge says of a request in `x-portkey-note`. `edge` is its process, 0: not known."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    id: str = Field(min_length=1, max_length=128)
    client: str
    team: str
    model: str
    api: str
    variant: str
    policy: str
    stream: bool
    bytes: NonNegativeInt
    cap: NonNegativeInt | None
    n: NonNegativeInt
    skipped: str | None = None
    edge: NonNegativeInt


class Note(BaseModel):
    """One request as Portkey saw it. `status` is 0 before its answer began; `sent` are the bytes of its answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    request: Told
    started_ms: NonNegativeInt
    duration_ms: NonNegativeInt
    ended: bool
    status: NonNegativeInt
    sent: NonNegativeInt
    provider: str | None = None
    option: str | None = None
    attempts: str | None = None

    @property
    def closed_ms(self) -> int:
        """When Portkey had done with it, in milliseconds since the epoch."""
        return self.started_ms + self.duration_ms

    def as_line(self) -> bytes:
        """A line of the usage log. An answer that had not ended reached nobody whole: as if the caller had left."""
        told = self.request
        request: dict[str, Any] = {"model": told.model, "n": told.n, "stream": told.stream}
        if told.cap is not None and told.api in _CAPS:
            request[_CAPS[told.api]] = told.cap
        started = datetime.fromtimestamp(self.started_ms / 1000, UTC)
        decision: dict[str, Any] = {
            "api": told.api,
            "policy": told.policy,
            "request": request,
            "skipped": told.skipped,
            "team": told.team,
            "variant": told.variant,
        }
        line: dict[str, Any] = {
            "client": told.client,
            "v": 2,
            "id": told.id,
            "started": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "duration_ms": self.duration_ms,
            "gw": {"decision": decision},
            "status": self.status,
            "flags": "-" if self.ended else "DC",
            "details": EDGE_DIED,
            "request_bytes": told.bytes,
            "response_bytes": self.sent,
            "upstream": "portkey",
            "served": {"provider": self.provider, "option": self.option, "attempts": self.attempts},
        }
        return json.dumps(line, separators=(",", ":")).encode()


class GatewayNotes:
    """The notes in `path`, which is made if it is missing; without a path there are none.

    Read again from the beginning after a restart: what is an event already, `events_file` and its parts say. Not to be
    called by two threads at once.
    """

    def __init__(self, path: Path | None, events_file: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._events_file = events_file
        self._clock = clock
        self._metered = RecentIds()
        self._pending: dict[str, Note] = {}
        self._read: dict[Path, int] = {}
        self._set_aside: set[str] = set()
        """Those that are pending of the file that was set aside."""
        self._anew_at = 0.0
        self._knows_events = False
        if path is not None:
            self._aside = path.with_name(f"{path.name}.1")
            if not path.exists() or (self._aside.exists() and self._aside.samefile(path)):
                write_atomically(path, b"", mode=APPENDED_BY_ALL)

    def metered(self, request_id: str) -> None:
        """There is an event of this request, or will be one: it needs no other."""
        self._metered.add(request_id)
        self._pending.pop(request_id, None)
        self._set_aside.discard(request_id)

    @property
    def pending(self) -> bool:
        """Whether there are notes of requests that the usage log did not have until now."""
        return bool(self._pending)

    @property
    def has_work(self) -> bool:
        """Whether there may be new notes, or something to tidy."""
        if self._path is None:
            return False
        read = self._read.get(self._path, 0)
        size = self._path.stat().st_size if self._path.exists() else 0
        return self._aside.exists() or size != read or (read > 0 and self._clock() >= self._anew_at)

    def read(self) -> None:
        """Takes new notes. Raises OSError."""
        if self._path is None:
            return
        for file in (self._aside, self._path):
            for raw in self._new_lines(file):
                note = _note(raw)
                if note is not None and note.request.id not in self._metered:
                    self._pending[note.request.id] = note
                    if file == self._aside:
                        self._set_aside.add(note.request.id)
        if self._pending and not self._knows_events:
            self._knows_events = True
            for known in _ids_in(self._events_file):
                self.metered(known)

    def of_the_dead(self, is_dead: Callable[[int], bool]) -> list[Note]:
        """Notes of dead edges that the usage log did not have until now. It may still hold lines of theirs."""
        oldest = (self._clock() - MAX_AGE_SECONDS) * 1000
        pending = self._pending.values()
        return [note for note in pending if note.closed_ms < oldest or is_dead(note.request.edge)]

    def missing(self, notes: Iterable[Note]) -> list[bytes]:
        """Lines for those of the notes that the usage log, which was read to its end meanwhile, does not have."""
        return [note.as_line() for note in notes if note.request.id in self._pending]

    def tidy(self) -> None:
        """Begins the file anew now and then, and deletes the one before when all of it is settled. Raises OSError.

        Portkey opens the file for each note and looks afterwards whether it is still the same. So what was written
        into the file set aside before it was replaced is read in the next round, and what comes later is written again.
        """
        if self._path is None:
            return
        if self._aside.exists():
            if not self._set_aside:
                self._aside.unlink()
                self._read.pop(self._aside, None)
        elif self._read.get(self._path) and self._clock() >= self._anew_at:
            self._anew_at = self._clock() + ANEW_SECONDS
            self._aside.hardlink_to(self._path)
            write_atomically(self._path, b"", mode=APPENDED_BY_ALL)
            self._read[self._aside] = self._read.pop(self._path)
            self._set_aside = set(self._pending)

    def _new_lines(self, file: Path) -> list[bytes]:
        try:
            with file.open("rb") as stream:
                stream.seek(self._read.get(file, 0))
                data = stream.read()
        except FileNotFoundError:
            return []
        end = data.rfind(b"\n") + 1
        self._read[file] = self._read.get(file, 0) + end
        return data[:end].splitlines()


def _note(raw: bytes) -> Note | None:
    try:
        return Note.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        log.error("a note of Portkey's cannot be read: %s: %s: %r", first["loc"], first["msg"], raw[:200])  # noqa: TRY400
        return None


def _ids_in(events_file: Path) -> Iterable[str]:
    """The ids of all events on disk."""
    parts = events_file.parent.glob(f"{events_file.name}.{'[0-9]' * DIGITS}")
    for file in (*parts, events_file):
        with file.open("rb") as stream:
            for line in stream:
                found = _EVENT_ID.search(line)
                if found:
                    yield cast("bytes", found[1]).decode()
