"""`/requests`: which requests there were, newest first, where a database keeps a record of each.

On AWS the audit log is that record, and Athena asks it: there these paths are 404.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from gwctl.admin.api import access, crud
from gwctl.admin.api.crud import LIST_REFUSALS, READ_REFUSALS
from gwctl.admin.api.http import Api, answer
from gwctl.admin.service import errors, runtime
from gwctl.policy.errors import Problem
from gwctl.stores.requests import RequestLog, RequestQuery, Status

api = Api("requests")
Text = Annotated[str | None, Query(max_length=256)]


class RequestsPage(BaseModel):
    """Requests by column, newest first."""

    items: list[dict[str, Any]]
    next: str | None = Field(description="Ask with it for the next page; null: there is none")


class OneRequest(BaseModel):
    """One request by column."""

    request: dict[str, Any]


@api.operation(
    "GET",
    "/requests",
    summary="List requests",
    answers={200: RequestsPage},
    refusals=(404, *LIST_REFUSALS),
    security=access.READ,
)
def list_requests(
    team: Text = None,
    client: Text = None,
    key: Text = None,
    route: Text = None,
    model: Text = None,
    provider: Text = None,
    status: Annotated[Status | None, Query()] = None,
    min_cost_nano_usd: Annotated[int | None, Query(ge=0)] = None,
    min_latency_ms: Annotated[float | None, Query(ge=0)] = None,
    since: Annotated[AwareDatetime | None, Query()] = None,
    until: Annotated[AwareDatetime | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    after: Annotated[str | None, Query(alias="next", max_length=1000)] = None,
) -> Response[str]:
    """Newest first, with cursors: what comes in between two pages moves nothing."""
    begin, end = since and since.astimezone(UTC), until and until.astimezone(UTC)
    equal = team, client, key, route, model, provider, status
    query = RequestQuery(*equal, min_cost_nano_usd, min_latency_ms, begin, end)
    try:
        page = _log().page(query, limit=limit, after=crud.after_token(after))
    except ValueError as error:
        raise errors.invalid([Problem("", "next", str(error), "use `next` of the page before as it is")]) from error
    more = crud.next_token(page.next) if page.next else None
    return answer({"items": [_shown(row) for row in page.rows], "next": more})


@api.operation(
    "GET",
    "/requests/{request}",
    summary="Read a request",
    answers={200: OneRequest},
    refusals=READ_REFUSALS,
    security=access.READ,
)
def get_request(request: Annotated[str, Path(max_length=256)]) -> Response[str]:
    """Everything that is kept of it. Prompt and answer are not."""
    found = _log().find(request)
    if found is None:
        raise errors.AdminError(404, "not_found", f"there is no request {request!r}, or not any more")
    return answer({"request": _shown(found)})


def _log() -> RequestLog:
    log = runtime.get().requests
    if log is None:
        raise errors.AdminError(404, "not_found", "this deployment keeps its requests in the audit log; ask Athena")
    return log


def _shown(row: Any) -> dict[str, Any]:
    moment = datetime.fromtimestamp(row["timestamp"], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {name: value for name, value in {**row, "timestamp": moment}.items() if value is not None}
