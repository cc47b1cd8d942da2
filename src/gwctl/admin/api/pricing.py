"""`/pricing`: prices that replace those of the price book."""

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
    ModelPath,
    Next,
    SlugPath,
)
from gwctl.admin.api.http import Api, Event
from gwctl.admin.api.models import Page, Versioned, Written
from gwctl.policy.documents import PriceOverride

api = Api("pricing")


def handler(event: Event, context: Any) -> dict[str, Any]:
    """What Lambda calls."""
    return api.handle(event, context)


@api.operation(
    "GET",
    "/pricing",
    summary="List prices",
    answers={200: Page[PriceOverride]},
    refusals=LIST_REFUSALS,
    security=access.READ,
)
def list_prices(limit: Limit = 100, after: Next = None) -> Response[str]:
    """Prices in the order of their ids, a page at a time."""
    return crud.listed("pricing", limit, after, PriceOverride)


@api.operation(
    "GET",
    "/pricing/{provider}/{model}",
    summary="Read a price",
    answers={200: Versioned[PriceOverride]},
    refusals=READ_REFUSALS,
    security=access.READ,
)
def get_price(provider: SlugPath, model: ModelPath) -> Response[str]:
    """The price, with its version as ETag."""
    return crud.read("pricing", f"{provider}/{model}", PriceOverride)


@api.operation(
    "PUT",
    "/pricing/{provider}/{model}",
    summary="Create or replace a price",
    answers={200: Written[PriceOverride], 201: Written[PriceOverride]},
    refusals=PUT_REFUSALS,
    security=access.WRITE,
    body=PriceOverride,
    section="pricing",
)
def put_price(
    provider: SlugPath,
    model: ModelPath,
    body: Annotated[PriceOverride, Body()],
    dry_run: DryRun = False,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response[str]:
    """The same content again changes nothing. To replace another content, say with If-Match which version it has."""
    return crud.put(
        api,
        "pricing",
        {"provider": provider, "model": model},
        body,
        dry_run=dry_run,
        if_match=if_match,
        if_none_match=if_none_match,
    )


@api.operation(
    "DELETE",
    "/pricing/{provider}/{model}",
    summary="Delete a price",
    answers={200: Written[PriceOverride]},
    refusals=DELETE_REFUSALS,
    security=access.WRITE,
)
def delete_price(
    provider: SlugPath, model: ModelPath, dry_run: DryRun = False, if_match: IfMatch = None
) -> Response[str]:
    """Refused while another document names it."""
    return crud.delete(api, "pricing", f"{provider}/{model}", PriceOverride, dry_run=dry_run, if_match=if_match)
