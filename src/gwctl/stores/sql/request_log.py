"""Records of requests read from a database, see `gwctl.stores.requests`.

A page is read along the index that begins with what is asked for and ends with the time; where a page ends is the key
of its last row, so that what comes in meanwhile moves nothing.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select, tuple_

from gwctl.stores.requests import RequestPage, RequestQuery
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.schema import requests

CONTENT: Final = {"prompt", "answer"}
COLUMNS: Final = [column for column in requests.c if column.name not in CONTENT]
KEY: Final = (requests.c.day, requests.c.timestamp, requests.c.id)
EQUAL: Final = {
    "team": requests.c.team,
    "client": requests.c.client,
    "key": requests.c.virtual_key_id,
    "route": requests.c.model_requested,
    "model": requests.c.model_used,
    "provider": requests.c.provider_used,
    "status": requests.c.status,
}


class SqlRequestLog:
    """See `gwctl.stores.requests.RequestLog`. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, query: RequestQuery, *, limit: int, after: str | None = None) -> RequestPage:
        """See `RequestLog.page`. One SELECT."""
        newest = select(*COLUMNS).order_by(*(column.desc() for column in KEY)).limit(limit + 1)
        newest = newest.where(*_conditions(query))
        if after is not None:
            newest = newest.where(tuple_(*KEY) < tuple_(*_place(after)))
        with self._database.reading() as connection:
            rows = [dict(row._mapping) for row in connection.execute(newest)]
        more = json.dumps([rows[limit - 1][column.name] for column in KEY]) if len(rows) > limit else None
        return RequestPage(rows[:limit], more)

    def find(self, request_id: str) -> Mapping[str, Any] | None:
        """See `RequestLog.find`. One SELECT."""
        one = select(*COLUMNS).where(requests.c.id == request_id).order_by(requests.c.day.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(one).one_or_none()
        return dict(row._mapping) if row else None


def _conditions(query: RequestQuery) -> list[Any]:
    found: list[Any] = [
        column == value for name, column in EQUAL.items() if (value := getattr(query, name)) is not None
    ]
    if query.min_cost_nano_usd is not None:
        found.append(requests.c.cost_nano_usd >= query.min_cost_nano_usd)
    if query.min_latency_ms is not None:
        found.append(requests.c.latency_ms >= query.min_latency_ms)
    if query.since is not None:  # the day too: it says which partitions to look into
        found += [requests.c.day >= f"{query.since:%Y-%m-%d}", requests.c.timestamp >= query.since.timestamp()]
    if query.until is not None:
        found += [requests.c.day <= f"{query.until:%Y-%m-%d}", requests.c.timestamp < query.until.timestamp()]
    return found


def _place(after: str) -> tuple[str, float, str]:
    try:
        day, timestamp, name = json.loads(after)
        return str(day), float(timestamp), str(name)
    except (ValueError, TypeError) as error:
        raise ValueError("is not the end of a page") from error
