"""Records of requests as a list: what may be asked for, and what comes back. In: a query. Out: pages, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

Status = Literal["success", "failure"]


@dataclass(frozen=True)
class RequestQuery:
    """What is None is not asked about. `route` is the alias that was asked for, `model` the model that answered."""

    team: str | None = None
    client: str | None = None
    key: str | None = None
    route: str | None = None
    model: str | None = None
    provider: str | None = None
    status: Status | None = None
    min_cost_nano_usd: int | None = None
    min_latency_ms: float | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class RequestPage:
    """Rows by column, newest first, and what asks for the next page; None: there is none."""

    rows: Sequence[Mapping[str, Any]]
    next: str | None


class RequestLog(Protocol):
    """Every method may raise UnavailableError."""

    def page(self, query: RequestQuery, *, limit: int, after: str | None = None) -> RequestPage:
        """The newest of them, or those that come after `next` of a page. ValueError: `after` is no such thing."""
        ...

    def find(self, request_id: str) -> Mapping[str, Any] | None:
        """One of them, None: it is not known, or not any more."""
        ...
