"""`/routing`: model aliases and what serves them."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from gwctl.admin.api import access, crud
from gwctl.admin.api.crud import (
    DELETE_REFUSALS,
    LIST_REFUSALS,
    PUT_REFUSALS,
    READ_REFUSALS,
    AliasPath,
    DryRun,
    IfMatch,
    IfNoneMatch,
    Limit,
    Next,
)
from gwctl.admin.api.http import Api, Event
from gwctl.admin.api.models import Page, Versioned, Written
from gwctl.policy.documents import Route

api = Api("routing")


def handler(event: Event, context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    return api.handle(event, context)


@api.operation(
    "GET",
    "/routing",
    summary="List routes",
    answers={200: Page[Route]},
    refusals=LIST_REFUSALS,
    security=access.READ,
)
def list_routes(limit: Limit = 100, after: Next = None) -> Response[str]:
    """Routes in the order of their ids, a page at a time."""
    return crud.listed("routes", limit, after, Route)


@api.operation(
    "GET",
    "/routing/{alias}",
    summary="Read a route",
    answers={200: Versioned[Route]},
    refusals=READ_REFUSALS,
    security=access.READ,
)
def get_route(alias: AliasPath) -> Response[str]:
    """The route, with its version as ETag."""
    return crud.read("routes", alias, Route)


@api.operation(
    "PUT",
    "/routing/{alias}",
    summary="Create or replace a route",
    answers={200: Written[Route], 201: Written[Route]},
    refusals=PUT_REFUSALS,
    security=access.WRITE,
    body=Route,
    section="routes",
)
def put_route(
    alias: AliasPath,
    body: Annotated[Route, Body()],
    dry_run: DryRun = False,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response[str]:
    """The same content again changes nothing. To replace another content, say with If-Match which version it has."""
    return crud.put(api, "routes", {"id": alias}, body, dry_run=dry_run, if_match=if_match, if_none_match=if_none_match)


@api.operation(
    "DELETE",
    "/routing/{alias}",
    summary="Delete a route",
    answers={200: Written[Route]},
    refusals=DELETE_REFUSALS,
    security=access.WRITE,
)
def delete_route(alias: AliasPath, dry_run: DryRun = False, if_match: IfMatch = None) -> Response[str]:
    """Refused while another document names it."""
    return crud.delete(api, "routes", alias, Route, dry_run=dry_run, if_match=if_match)
