"""`/scanner`: what requests and answers must not contain."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from gwctl.admin.api import access, crud
from gwctl.admin.api.crud import (
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
from gwctl.admin.api.http import Api, Event
from gwctl.admin.api.models import Page, Versioned, Written
from gwctl.policy.documents import ScannerRule

api = Api("scanner")


def handler(event: Event, context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    return api.handle(event, context)


@api.operation(
    "GET",
    "/scanner",
    summary="List scanner rules",
    answers={200: Page[ScannerRule]},
    refusals=LIST_REFUSALS,
    security=access.READ,
)
def list_scanner_rules(limit: Limit = 100, after: Next = None) -> Response[str]:
    """Scanner rules in the order of their ids, a page at a time."""
    return crud.listed("scanner", limit, after, ScannerRule)


@api.operation(
    "GET",
    "/scanner/{rule}",
    summary="Read a scanner rule",
    answers={200: Versioned[ScannerRule]},
    refusals=READ_REFUSALS,
    security=access.READ,
)
def get_scanner_rule(rule: SlugPath) -> Response[str]:
    """The scanner rule, with its version as ETag."""
    return crud.read("scanner", rule, ScannerRule)


@api.operation(
    "PUT",
    "/scanner/{rule}",
    summary="Create or replace a scanner rule",
    answers={200: Written[ScannerRule], 201: Written[ScannerRule]},
    refusals=PUT_REFUSALS,
    security=access.WRITE,
    body=ScannerRule,
    section="scanner",
)
def put_scanner_rule(
    rule: SlugPath,
    body: Annotated[ScannerRule, Body()],
    dry_run: DryRun = False,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response[str]:
    """The same content again changes nothing. To replace another content, say with If-Match which version it has."""
    return crud.put(api, "scanner", {"id": rule}, body, dry_run=dry_run, if_match=if_match, if_none_match=if_none_match)


@api.operation(
    "DELETE",
    "/scanner/{rule}",
    summary="Delete a scanner rule",
    answers={200: Written[ScannerRule]},
    refusals=DELETE_REFUSALS,
    security=access.WRITE,
)
def delete_scanner_rule(rule: SlugPath, dry_run: DryRun = False, if_match: IfMatch = None) -> Response[str]:
    """Refused while another document names it."""
    return crud.delete(api, "scanner", rule, ScannerRule, dry_run=dry_run, if_match=if_match)
