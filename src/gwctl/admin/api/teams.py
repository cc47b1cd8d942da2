"""`/teams`: teams, the models that they may use, and their clients."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from gwctl.admin.api import access, crud
from gwctl.admin.api.crud import DELETE_REFUSALS, PUT_REFUSALS, READ_REFUSALS
from gwctl.admin.api.http import Api, answer
from gwctl.admin.api.shapes.models import IssuedClient, NewClient, Page, Versioned, Written
from gwctl.admin.api.shapes.parameters import ClientPath, DryRun, IfMatch, IfNoneMatch, Limit, Next, SlugPath
from gwctl.admin.service import runtime
from gwctl.admin.service.app_clients import Issued
from gwctl.policy.documents import Client
from gwctl.policy.kinds import TEAMS

api = Api("teams")


crud.register(api, TEAMS)


@api.operation(
    "GET",
    "/teams/{team}/clients",
    summary="List a team's clients",
    answers={200: Page[Client]},
    refusals=READ_REFUSALS,
    security=access.READ,
)
def list_clients(team: SlugPath, limit: Limit = 100, after: Next = None) -> Response[str]:
    """Clients in the order of their ids, a page at a time. Their secrets are nowhere to be read."""
    crud.require("teams", team)
    return crud.list_documents("clients", limit, after, Client, team=team)


@api.operation(
    "POST",
    "/teams/{team}/clients",
    summary="Create a client",
    answers={200: IssuedClient, 201: IssuedClient},
    refusals=(400, 404, 413, 415, 422),
    security=access.WRITE,
    body=NewClient,
)
def create_client(team: SlugPath, body: Annotated[NewClient, Body()], dry_run: DryRun = False) -> Response[str]:
    """An app client of the token service that may call models for this team. The secret is in this answer only."""
    issued = runtime.get().clients.create(team, body.name, api.actor, dry_run=dry_run)
    return _issued(issued, 200 if dry_run else 201, dry_run=dry_run)


@api.operation(
    "GET",
    "/teams/{team}/clients/{client}",
    summary="Read a client",
    answers={200: Versioned[Client]},
    refusals=READ_REFUSALS,
    security=access.READ,
)
def get_client(team: SlugPath, client: ClientPath) -> Response[str]:
    """The client, with its version as ETag."""
    return crud.read("clients", client, Client, team=team)


@api.operation(
    "PUT",
    "/teams/{team}/clients/{client}",
    summary="Change a client",
    answers={200: Written[Client], 201: Written[Client]},
    refusals=PUT_REFUSALS,
    security=access.WRITE,
    body=Client,
    section="clients",
)
def put_client(
    team: SlugPath,
    client: ClientPath,
    body: Annotated[Client, Body()],
    dry_run: DryRun = False,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response[str]:
    """Its name, or whether it is enabled. An app client that is not in the policy yet is taken in."""
    clients = runtime.get().clients
    return crud.put(
        api,
        "clients",
        {"id": client, "team": team},
        body,
        dry_run=dry_run,
        if_match=if_match,
        if_none_match=if_none_match,
        through=lambda expect: clients.put(team, body, expect, api.actor, dry_run=dry_run),
    )


@api.operation(
    "DELETE",
    "/teams/{team}/clients/{client}",
    summary="Revoke a client",
    answers={200: Written[Client]},
    refusals=DELETE_REFUSALS,
    security=access.WRITE,
)
def revoke_client(
    team: SlugPath, client: ClientPath, dry_run: DryRun = False, if_match: IfMatch = None
) -> Response[str]:
    """The gateway refuses it within seconds, also with a token that is still valid, and it gets no new one."""
    expect = crud.expected(if_match, None)
    outcome = runtime.get().clients.revoke(team, client, expect, api.actor, dry_run=dry_run)
    return crud.written("clients", client, outcome, Client, dry_run=dry_run)


@api.operation(
    "POST",
    "/teams/{team}/clients/{client}/secret",
    summary="Rotate a client's secret",
    answers={200: IssuedClient},
    refusals=(404, 409, 422),
    security=access.WRITE,
)
def rotate_client_secret(team: SlugPath, client: ClientPath, dry_run: DryRun = False) -> Response[str]:
    """A new secret, in this answer only. The old one stops working; tokens stay valid until they expire."""
    issued = runtime.get().clients.rotate(team, client, api.actor, dry_run=dry_run)
    return _issued(issued, 200, dry_run=dry_run)


def _issued(issued: Issued, status: int, *, dry_run: bool) -> Response[str]:
    stored = issued.outcome.state.get("clients", issued.client.id)
    known = issued.credentials is not None or stored is not None
    body = IssuedClient(
        document=issued.client if known else None,
        version=stored.version if stored else None,
        policy_version=issued.outcome.state.version,
        changed=issued.outcome.changed,
        dry_run=dry_run,
        difference=issued.outcome.difference,
        client_id=issued.client.id if known else None,
        client_secret=issued.credentials.client_secret if issued.credentials else None,
    )
    return answer(body, status, etag=body.version if not dry_run else None)
