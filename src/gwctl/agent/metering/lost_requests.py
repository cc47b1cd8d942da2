"""Lines of the usage log for requests of an edge that died before it wrote one.

In: what Portkey noted of a request, and what was reserved for it. Out: a line, which is metered and settled like those
that the edge writes. Where nobody knows what a request used it counts at its bound.
"""

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from gwctl.agent.reserve.call import Asked
from gwctl.edge.usage_log.line import EDGE_DIED
from gwctl.ledger.quotas.reservation import Reservation

_CAPS: Final = {"chat": "max_completion_tokens", "messages": "max_tokens", "responses": "max_output_tokens"}


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
    lane: str | None = None


class Note(BaseModel):
    """One request as Portkey saw it, before it called a provider and again when the edge's connection had closed.

    `status` is 0 before its answer began; `sent` are the bytes of its answer. The first note has neither.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    request: Told
    started_ms: NonNegativeInt
    duration_ms: NonNegativeInt | None = None
    """Until the connection closed or the answer was whole; None: not known."""
    ended: bool = False
    status: NonNegativeInt = 0
    sent: NonNegativeInt = 0
    provider: str | None = None
    option: str | None = None
    attempts: str | None = None

    @classmethod
    def of(cls, reservation: Reservation, asked: Asked) -> Self:
        """What the reservation alone tells."""
        started = time.time() - (time.monotonic() - reservation.at)
        return cls(request=Told(edge=asked.edge, **asked.call._asdict()), started_ms=round(started * 1000))

    @property
    def closed_ms(self) -> int:
        """When Portkey had done with it, as far as is known, in milliseconds since the epoch."""
        return self.started_ms + (self.duration_ms or 0)

    def as_json(self) -> bytes:
        """The note as Portkey would write it."""
        return self.model_dump_json().encode() + b"\n"

    def as_line(self, reservation: Reservation | None = None) -> bytes:
        """A line of the usage log. An answer that had not ended reached nobody whole: as if the caller had left."""
        told = self.request
        request: dict[str, Any] = {"model": told.model, "n": told.n, "stream": told.stream}
        if told.cap is not None and told.api in _CAPS:
            request[_CAPS[told.api]] = told.cap
        started = datetime.fromtimestamp(self.started_ms / 1000, UTC)
        decision: dict[str, Any] = {
            "api": told.api,
            "lane": told.lane,
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
            "duration_ms": self.duration_ms or 0,
            "gw": {"decision": decision},
            "status": self.status,
            "flags": "-" if self.ended else "DC",
            "details": EDGE_DIED,
            "request_bytes": told.bytes,
            "response_bytes": self.sent,
            "upstream": "portkey",
            "served": {"provider": self.provider, "option": self.option, "attempts": self.attempts},
        }
        if reservation is not None:
            line["quota"] = {"x-gw-receipt": reservation.receipt, "x-gw-shadow": reservation.shadow}
            if not self.ended:
                line["bound"] = {unit: reservation.bounds[unit] for unit in ("nano_usd", "tokens")}
        return json.dumps(line, separators=(",", ":")).encode()


def lines_of(reservations: Iterable[Reservation]) -> list[bytes]:
    """Lines for requests of which nothing is known but that they were let through, where Portkey notes nothing."""
    known = ((each, each.note) for each in reservations)
    return [Note.of(each, asked).as_line(each) for each, asked in known if isinstance(asked, Asked)]


def is_noted(reservation: Reservation) -> bool:
    """Whether Portkey notes it when it calls a provider for this request. On the express lane nobody does."""
    return not isinstance(reservation.note, Asked) or reservation.note.call.is_noted
