"""`/keys`: virtual keys, for clients that cannot refresh a token."""

from datetime import timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from gwctl.admin.api import access, crud
from gwctl.admin.api.crud import DELETE_REFUSALS, LIST_REFUSALS, PUT_REFUSALS, READ_REFUSALS
from gwctl.admin.api.http import Api, answer
from gwctl.admin.api.shapes.models import NewKey, Page, ShownKey, Versioned, Written
from gwctl.admin.api.shapes.parameters import DryRun, IfMatch, KeyPath, Limit, Next
from gwctl.admin.service import runtime
from gwctl.admin.service.virtual_keys import IssuedKey
from gwctl.core.names import Slug
from gwctl.policy.keys import KeySettings

MAX_GRACE_SECONDS = 30 * 86_400

Team = Annotated[Slug | None, Query(description="Only the keys of this team")]
Grace = Annotated[
    int,
    Query(ge=0, le=MAX_GRACE_SECONDS, description="How long the old secret stays good; 0: it ends at once"),
]

api = Api("keys")


@api.operation(
    "GET",
    "/keys",
    summary="List keys",
    answers={200: Page[KeySettings]},
    refusals=LIST_REFUSALS,
    security=access.READ,
)
def list_keys(limit: Limit = 100, after: Next = None, team: Team = None) -> Response[str]:
    """Keys in the order of their ids, a page at a time. Their secrets are nowhere to be read."""
    wanted = {} if team is None else {"team": team}
    return crud.list_documents("keys", limit, after, KeySettings, **wanted)


@api.operation(
    "POST",
    "/keys",
    summary="Create a key",
    answers={200: ShownKey, 201: ShownKey},
    refusals=(400, 413, 415, 422),
    security=access.WRITE,
    body=NewKey,
)
def create_key(body: Annotated[NewKey, Body()], dry_run: DryRun = False) -> Response[str]:
    """A key with which models can be called for this team. The key itself is in this answer only."""
    issued = runtime.get().keys.create(body.team, body, api.actor, dry_run=dry_run)
    return _shown(issued, 200 if dry_run else 201, dry_run=dry_run)


@api.operation(
    "GET",
    "/keys/{key}",
    summary="Read a key",
    answers={200: Versioned[KeySettings]},
    refusals=READ_REFUSALS,
    security=access.READ,
)
def get_key(key: KeyPath) -> Response[str]:
    """What it may do, with its version as ETag."""
    return crud.read("keys", key, KeySettings)


@api.operation(
    "PUT",
    "/keys/{key}",
    summary="Change a key",
    answers={200: Written[KeySettings]},
    refusals=PUT_REFUSALS,
    security=access.WRITE,
    body=KeySettings,
    section="keys",
)
def put_key(
    key: KeyPath, body: Annotated[KeySettings, Body()], dry_run: DryRun = False, if_match: IfMatch = None
) -> Response[str]:
    """Its limits, or whether it is enabled. Its secret stays; `POST /keys` makes keys."""
    keys = runtime.get().keys
    return crud.put(
        api,
        "keys",
        {"id": key},
        body,
        dry_run=dry_run,
        if_match=if_match,
        if_none_match=None,
        through=lambda expect: keys.put(body, expect, api.actor, dry_run=dry_run),
    )


@api.operation(
    "DELETE",
    "/keys/{key}",
    summary="Revoke a key",
    answers={200: Written[KeySettings]},
    refusals=DELETE_REFUSALS,
    security=access.WRITE,
)
def revoke_key(key: KeyPath, dry_run: DryRun = False, if_match: IfMatch = None) -> Response[str]:
    """Every edge refuses it within seconds, for good."""
    return crud.delete(api, "keys", key, KeySettings, dry_run=dry_run, if_match=if_match)


@api.operation(
    "POST",
    "/keys/{key}/rotate",
    summary="Rotate a key",
    answers={200: ShownKey},
    refusals=(404, 409, 422),
    security=access.WRITE,
)
def rotate_key(key: KeyPath, grace_seconds: Grace = 0, dry_run: DryRun = False) -> Response[str]:
    """A new secret, in this answer only. The old one stays good for the time of grace."""
    issued = runtime.get().keys.rotate(key, timedelta(seconds=grace_seconds), api.actor, dry_run=dry_run)
    return _shown(issued, 200, dry_run=dry_run)


def _shown(issued: IssuedKey, status: int, *, dry_run: bool) -> Response[str]:
    stored = issued.outcome.state.get("keys", issued.key.id)
    body = ShownKey(
        document=issued.key.settings,
        version=stored.version if stored else None,
        policy_version=issued.outcome.state.version,
        changed=issued.outcome.changed,
        dry_run=dry_run,
        difference=issued.outcome.difference,
        key=issued.text,
    )
    return answer(body, status, etag=body.version if not dry_run else None)
