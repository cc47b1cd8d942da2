"""The journal of reservations: which requests are in flight, for the agent's next life if this one is killed.

In: each reservation before the edge is told that the request may go on, and its end. Out: after a restart, those that
had not ended. Every record is one `write` to a file: what was written survives the process that is killed, so nothing
waits for a disk. If the whole machine has crashed, the file may be old: its header names another boot, and it is not
believed.

The worked example of `gwctl.ledger.quotas`, step 5: B comes back and finds its lease of $0.50 in the ledger. Had the
journal a request that had not ended with a bound of $0.30, so much would be reserved for it again, and once the usage
log is read to its end the other $0.20 go back to the ledger. Without the journal all $0.50 are held for 65 minutes.

    gwctl-reservations 1 <agent> <boot> <complete from, seconds since the epoch>
    + <edge's process> <made at> <bounds> <window=bound,…> <x-gw-reserve as it came>
    - "<request id>"
"""

import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gwctl.agent.reserve.call import Asked, ReserveCallError, parse_call
from gwctl.core.files import write_atomically
from gwctl.ledger.quotas.reservation import Amounts, Reservation
from gwctl.ledger.quotas.scopes import UNITS
from gwctl.ledger.quotas.store import WindowKey

log = logging.getLogger("gwctl.agent")

MAGIC: Final = "gwctl-reservations 1"
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
ANEW_BYTES: Final = 16 * 1024 * 1024
"""The file is written anew, with what is open alone, when it has grown by so much."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """A request that had not ended when the agent was killed. `made_at` is in seconds since the epoch."""

    asked: Asked
    made_at: float
    bounds: Amounts
    parts: tuple[tuple[WindowKey, int], ...]


class ReservationJournal:
    """See the module. `unknown_seconds`: so long requests of which no journal knows may still be in flight."""

    def __init__(self, path: Path, agent: str, *, fresh: bool, unknown_seconds: float) -> None:
        """Reads what a former life of this agent left, and goes on with it. Raises OSError."""
        self._path = path
        self._open: dict[str, bytes] = {}
        header = _header(agent, 0 if fresh else time.time() + unknown_seconds)
        if not fresh:
            header = self._read(agent) or header
        self._header = header
        self.complete_from = float(header.split()[-1])
        """From then on, seconds since the epoch, whatever is not in here is not in flight."""
        self._file = -1
        self._write_anew()

    def in_flight(self) -> list[InFlight]:
        """What had not ended, in the order in which it was reserved."""
        return [entry for entry in map(_parse, self._open.values()) if entry is not None]

    def opened(self, reservation: Reservation, asked: Asked) -> None:
        """To be called before the edge is told. Raises OSError: then the request must not go on."""
        parts = ",".join(f"{lease.key}={bound}" for lease, bound in reservation.parts)
        bounds = ",".join(str(reservation.bounds[unit]) for unit in UNITS)
        line = f"+ {asked.edge} {time.time():.3f} {bounds} {parts} ".encode() + asked.header
        self._write(line + b"\n")
        self._open[reservation.request_id] = line

    def closed(self, request_id: str) -> None:
        """The request has ended, and is settled or cost nothing."""
        if self._open.pop(request_id, None) is not None:
            try:
                self._write(b"- " + json.dumps(request_id).encode() + b"\n")
            except OSError as error:  # it is found open after a crash: that is on the safe side
                log.error("the journal of reservations cannot be written: %s", error)  # noqa: TRY400 - the disk

    def close(self) -> None:
        """Ends with the agent; the file stays."""
        os.close(self._file)

    def _write(self, line: bytes) -> None:
        if self._size > ANEW_BYTES:
            self._write_anew()
        written = os.write(self._file, line)
        self._size += written
        if written < len(line):
            self._size = ANEW_BYTES + 1  # half a line must not stay before the next one
            raise OSError(f"{self._path}: the disk is full")

    def _write_anew(self) -> None:
        write_atomically(self._path, b"\n".join([self._header, *self._open.values()]) + b"\n")
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._size = 0

    def _read(self, agent: str) -> bytes | None:
        """Takes in what is open; the header, or None if this is no journal of this agent."""
        try:
            header, *lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return None
        if header.split()[:-1] != _header(agent, 0).split()[:-1]:
            return None
        for line in lines:
            if line.startswith(b"- "):
                self._open.pop(json.loads(line[2:]), None)
            elif (entry := _parse(line)) is not None:
                self._open[entry.asked.call.id] = line
        return header


def _header(agent: str, complete_from: float) -> bytes:
    try:
        boot = BOOT_ID.read_text().strip()
    except OSError:
        boot = "unknown"  # not Linux: a laptop
    return f"{MAGIC} {agent} {boot} {complete_from:.0f}".encode()


def _parse(line: bytes) -> InFlight | None:
    """None for a line that is not whole: its writer was killed before the edge was told."""
    try:
        _, edge, made_at, bounds, parts, header = line.split(b" ", 5)
        amounts = dict(zip(UNITS, map(int, bounds.split(b",")), strict=True))
        named = [part.decode().rpartition("=") for part in parts.split(b",")]
        asked = Asked(parse_call(header), int(edge), header)
        return InFlight(asked, float(made_at), amounts, tuple((WindowKey.parse(key), int(n)) for key, _, n in named))
    except (ValueError, ReserveCallError):
        return None
