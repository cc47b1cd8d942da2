"""`gwctl token`: a client in, a bearer token on stdout out and nothing else."""

import os
from typing import TYPE_CHECKING

import click

from gwctl.cli.options import data_dir_option
from gwctl.core.errors import UserError

if TYPE_CHECKING:
    from gwctl.local.connection import Connection
    from gwctl.local.data_dir import DataDir
    from gwctl.local.tokens import Credentials

SECRET_VARIABLE = "GWCTL_CLIENT_SECRET"  # noqa: S105 - the variable's name


@click.command()
@click.option(
    "--env", "environment", metavar="NAME", help="A deployed environment. Default: the gateway on this machine."
)
@click.option(
    "--client",
    "client_id",
    metavar="ID",
    help=f"Another client than the gateway's own two; its secret comes in {SECRET_VARIABLE}.",
)
@data_dir_option
def command(environment: str | None, client_id: str | None, data: "DataDir") -> None:
    """Print a bearer token for the gateway.

    The token is cached until shortly before it expires, so programs may call this as often as they like: it is made
    for Claude Code's apiKeyHelper and Codex's auth.command.
    """
    click.echo(token_of(environment, client_id, data))


def token_of(environment: str | None, client_id: str | None, data: "DataDir") -> str:
    """A token of a deployed environment, or of the gateway on this machine. Raises UserError."""
    from gwctl.local.connection import Connection
    from gwctl.local.tokens import get_token

    if environment:
        return _of_environment(environment, client_id)
    return get_token(_credentials(client_id, Connection.read(data.connection)), data.tokens)


def _of_environment(name: str, client_id: str | None) -> str:
    """A token of a deployed environment, by what was applied. Raises UserError."""
    from gwctl.environments.deploy.applied import Applied
    from gwctl.environments.project import Project
    from gwctl.local.tokens import Credentials, get_token

    place = Project.find().place(name)
    applied = Applied.read(place)
    cache = place.create_work() / "tokens"
    secret = os.environ.get(SECRET_VARIABLE)
    if secret and not applied.endpoint:  # who only calls models needs no AWS credentials
        wanted = client_id or applied.output("cognito_client_id")
        return get_token(Credentials(applied.output("cognito_token_endpoint"), wanted, secret), cache)
    from gwctl.environments.deploy.reach import connection_to

    return get_token(_credentials(client_id, connection_to(place, applied)), cache)


def _credentials(client_id: str | None, connection: "Connection") -> "Credentials":
    from gwctl.local.tokens import Credentials

    secrets = {
        connection.client_id: connection.client_secret,
        connection.admin_client_id: connection.admin_client_secret,
    }
    wanted = client_id or connection.client_id
    secret = secrets.get(wanted) or os.environ.get(SECRET_VARIABLE)
    if not secret:
        raise UserError(f"the secret of client {wanted} is not known here; put it into {SECRET_VARIABLE}")
    return Credentials(connection.token_url, wanted, secret)
