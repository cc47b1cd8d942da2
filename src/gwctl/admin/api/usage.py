"""`/usage`: what teams, clients and models have used and what it cost, by day."""

import calendar
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, get_args

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query as Parameter
from pydantic import AfterValidator, BeforeValidator, StringConstraints

from gwctl.admin.api import access, crud
from gwctl.admin.api.crud import LIST_REFUSALS, own_team
from gwctl.admin.api.http import Api, answer
from gwctl.admin.api.shapes.models import UsagePage
from gwctl.admin.api.shapes.parameters import Limit, Next
from gwctl.admin.service import errors, runtime
from gwctl.core.names import Alias, ClientId
from gwctl.ledger.usage.report import MAX_DAYS, Dimension, Query, UsageRow, report
from gwctl.policy.errors import Problem

api = Api("usage")


def _dimensions(value: str) -> str:
    names = value.split(",")
    known = get_args(Dimension)
    if len(set(names)) < len(names) or not set(names) <= set(known):
        raise ValueError(f"must be one or more of {', '.join(known)}, each once, with commas between")
    return value


def _day(value: Any) -> Any:
    # pydantic would also read a number, as seconds since 1970.
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("must be a day, YYYY-MM-DD")
    return value


_ONE = f"({'|'.join(get_args(Dimension))})"
By = Annotated[
    str,
    StringConstraints(pattern=f"^{_ONE}(,{_ONE}){{0,3}}$"),
    AfterValidator(_dimensions),
    Parameter(description="Dimensions, each once, with commas between"),
]
Day = Annotated[
    date | None, BeforeValidator(_day), Parameter(alias="from", description="First day, in UTC. Default: the month's")
]
LastDay = Annotated[
    date | None, BeforeValidator(_day), Parameter(alias="to", description="Last day, included. Default: today")
]
TeamOrNone = Annotated[
    str | None,
    StringConstraints(pattern=r"^(-|[a-z0-9][a-z0-9._-]{0,62})$"),
    Parameter(description="A team, or `-`: requests of no known team, which were refused"),
]


@api.operation(
    "GET",
    "/usage",
    summary="Report usage",
    answers={200: UsagePage},
    refusals=LIST_REFUSALS,
    security=access.READ_USAGE,
)
def report_usage(
    first: Day = None,
    last: LastDay = None,
    by: By = "team",
    team: TeamOrNone = None,
    client: Annotated[ClientId | None, Parameter()] = None,
    model: Annotated[Alias | None, Parameter()] = None,
    limit: Limit = 1000,
    after: Next = None,
) -> Response[str]:
    """Spend and tokens, summed up by day, team, client and model as `by` says.

    A client with `gateway/invoke` alone sees its own team's usage. By client, or of one client, is a question about
    one team: name it.
    """
    own = own_team(api.caller)
    if own is not None and team not in (None, own):
        raise errors.forbidden(f"client {api.caller.client_id!r} may read the usage of team {own!r} only")
    dimensions: tuple[Any, ...] = tuple(by.split(","))
    query = Query(*_period(first, last), dimensions, own or team, client, model)
    rows = _rows(query)
    start = _start(after)
    page = rows[start : start + limit]
    more = crud.next_token(str(start + limit)) if len(rows) > start + limit else None
    body = UsagePage(**{"from": query.first, "to": query.last}, by=list(dimensions), rows=page, next=more)
    # Dimensions that were not asked for are left out of the rows.
    return answer({**body.model_dump(), "rows": [row.model_dump(exclude_none=True) for row in page]})


def _rows(query: Query) -> list[UsageRow]:
    usage = runtime.get().usage
    if query.team is not None:
        return report(query, usage.of_team(query.team, query.days))
    if "client" in query.by or query.client is not None:
        problem = Problem("", "team", "is missing: usage by client is read one team at a time", "add team=…")
        raise errors.invalid([problem], "the request has problems")
    return report(query, usage.of_all(query.days))


def _period(first: date | None, last: date | None) -> tuple[date, date]:
    today = datetime.now(UTC).date()
    if first is None:
        first = (last or today).replace(day=1)
    if last is None:
        end_of_month = first.replace(day=calendar.monthrange(first.year, first.month)[1])
        last = min(today, end_of_month) if first <= today else first
    if last < first:
        raise errors.invalid([Problem("", "to", f"{last} is before {first}", "turn the two round")])
    if (last - first).days >= MAX_DAYS:
        problem = Problem("", "to", f"{first} to {last} is more than {MAX_DAYS} days", "ask for less at a time")
        raise errors.invalid([problem], "the request has problems")
    return first, last


def _start(token: str | None) -> int:
    text = crud.after_token(token)
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise errors.invalid([Problem("", "next", "is not a token of this API", "use `next` as it is")])
    return int(text)
