"""`/budgets`: limits in dollars, tokens or requests, over a period."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from gwctl.admin import access, crud
from gwctl.admin.crud import (
    DELETE_REFUSALS,
    LIST_REFUSALS,
    PUT_REFUSALS,
    READ_REFUSALS,
    DryRun,
    IfMatch,
    IfNoneMatch,
    Limit,
    Next,
    SlugPath,
)
from gwctl.admin.http import Api, Event
from gwctl.admin.models import Page, Versioned, Written
from gwctl.policy.documents import Budget

api = Api("budgets")


def handler(event: Event, context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    return api.handle(event, context)


@api.operation(
    "GET",
    "/budgets",
    summary="List budgets",
    answers={200: Page[Budget]},
    refusals=LIST_REFUSALS,
    security=access.READ,
)
def list_budgets(limit: Limit = 100, after: Next = None) -> Response[str]:
    """Budgets in the order of their ids, a page at a time."""
    return crud.listed("budgets", limit, after, Budget)


@api.operation(
    "GET",
    "/budgets/{budget}",
    summary="Read a budget",
    answers={200: Versioned[Budget]},
    refusals=READ_REFUSALS,
    security=access.READ,
)
def get_budget(budget: SlugPath) -> Response[str]:
    """The budget, with its version as ETag."""
    return crud.read("budgets", budget, Budget)


@api.operation(
    "PUT",
    "/budgets/{budget}",
    summary="Create or replace a budget",
    answers={200: Written[Budget], 201: Written[Budget]},
    refusals=PUT_REFUSALS,
    security=access.WRITE,
    body=Budget,
    section="budgets",
)
def put_budget(
    budget: SlugPath,
    body: Annotated[Budget, Body()],
    dry_run: DryRun = False,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response[str]:
    """The same content again changes nothing. To replace another content, say with If-Match which version it has."""
    return crud.put(
        api, "budgets", {"id": budget}, body, dry_run=dry_run, if_match=if_match, if_none_match=if_none_match
    )


@api.operation(
    "DELETE",
    "/budgets/{budget}",
    summary="Delete a budget",
    answers={200: Written[Budget]},
    refusals=DELETE_REFUSALS,
    security=access.WRITE,
)
def delete_budget(budget: SlugPath, dry_run: DryRun = False, if_match: IfMatch = None) -> Response[str]:
    """Refused while another document names it."""
    return crud.delete(api, "budgets", budget, Budget, dry_run=dry_run, if_match=if_match)
