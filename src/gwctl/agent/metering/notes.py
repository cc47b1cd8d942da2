"""Portkey's notes: every request for which it called a provider, in case the edge or Portkey itself dies.

In: the file that the preload script (portkey/preload.cjs) appends to, one JSON object a line, and each
request of the usage log. Out: whether a provider was called for a request; and the notes of dead edges whose requests
the usage log does not have, as lines of it. An edge that lives writes its line itself, so most notes come to nothing.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, cast

from pydantic import ValidationError

from gwctl.agent.metering.lost_requests import Note, is_noted, lines_of
from gwctl.agent.sinks.events import DIGITS
from gwctl.core.files import write_atomically
from gwctl.ledger.quotas.reservation import RecentIds, Reservation

log = logging.getLogger("gwctl.agent")

APPENDED_BY_ALL: Final = 0o622
"""Portkey may run as another user: it appends, and need not read."""
ANEW_SECONDS: Final = 10.0
"""So often the file is begun anew: notes must go before the events by which a restart knows them."""
MAX_AGE_SECONDS: Final = 7_200.0
"""No request takes so long until there is a line: if the usage log still has none, its edge is dead, whoever has
its process id now."""
CLOCK_SECONDS: Final = 60.0
"""A part of the events is old enough only if it is older by so much."""
_EVENT_ID: Final = re.compile(rb'"id":"([^"\\]*)"')


class GatewayNotes:
    """The notes in `path`, which is made if it is missing; without a path there are none.

    Read again from the beginning after a restart: what is an event already, `events_file` and its parts say. A note
    stays in a file until its request has a line. Not to be called by two threads at once.
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
                    self._add(note, aside=file == self._aside)
        if self._pending and not self._knows_events:
            self._knows_events = True
            oldest = min(note.started_ms for note in self._pending.values()) / 1000
            for known in _ids_in(self._events_file, oldest):
                self.metered(known)

    def _add(self, note: Note, *, aside: bool) -> None:
        known = self._pending.get(note.request.id)
        if known is None or known.duration_ms is None:
            self._pending[note.request.id] = note
            if aside:
                self._set_aside.add(note.request.id)

    def was_called(self, request_id: str) -> bool:
        """Whether a provider was called for a request that has no line yet, or may have been. Raises OSError."""
        self.read()
        return self._path is None or request_id in self._pending

    def of_the_dead(self, is_dead: Callable[[int], bool]) -> list[Note]:
        """Notes of dead edges that the usage log did not have until now. It may still hold lines of theirs."""
        oldest = (self._clock() - MAX_AGE_SECONDS) * 1000
        pending = self._pending.values()
        return [note for note in pending if note.closed_ms < oldest or is_dead(note.request.edge)]

    def missing(self, notes: Iterable[Note], reserved: Mapping[str, Reservation] | None = None) -> list[bytes]:
        """Lines for those of the notes that the usage log, which was read to its end meanwhile, does not have.

        `reserved`: by request, what was reserved for it. Where nothing is noted, here or on the express lane, each of
        these has a line.
        """
        known = reserved or {}
        if self._path is None:
            return lines_of(known.values())
        missing = (note for note in notes if note.request.id in self._pending)
        of_portkey = [note.as_line(known.get(note.request.id)) for note in missing]
        return of_portkey + lines_of(each for each in known.values() if not is_noted(each))

    def tidy(self) -> None:
        """Begins the file anew now and then, and deletes the one before when all of it is settled. Raises OSError.

        Only when everything that was read of the usage log is committed: what is read again after a crash needs its
        notes again. Portkey looks after each note whether the file is still the same. So what was written
        into the file set aside before it was replaced is read in the next round, and what comes later is written again.
        """
        if self._path is None:
            return
        if self._aside.exists():
            if self._set_aside and self._clock() >= self._anew_at:  # in flight for long: they go on in the other file
                with self._path.open("ab") as file:
                    file.writelines(self._pending[each].as_json() for each in self._set_aside)
                self._set_aside.clear()
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


def _ids_in(events_file: Path, oldest: float) -> Iterable[str]:
    """The ids of all events on disk of requests that began since `oldest`, and of others."""
    parts = events_file.parent.glob(f"{events_file.name}.{'[0-9]' * DIGITS}")
    for file in (*(part for part in parts if part.stat().st_mtime >= oldest - CLOCK_SECONDS), events_file):
        with file.open("rb") as stream:
            for line in stream:
                found = _EVENT_ID.search(line)
                if found:
                    yield cast("bytes", found[1]).decode()
