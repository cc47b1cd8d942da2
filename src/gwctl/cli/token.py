"""`gwctl token`: a client in, a bearer token on stdout out and nothing else."""

import os
from typing import TYPE_CHECKING

import click

from gwctl.cli.options import data_dir_option
from gwctl.errors import UserError

if TYPE_CHECKING:
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
    from gwctl.local.tokens import get_token

    if environment and environment != "local":
        raise UserError(f"there is no environment {environment}; this version knows local only")
    click.echo(get_token(_credentials(client_id, data), data.tokens))


def _credentials(client_id: str | None, data: "DataDir") -> "Credentials":
    from gwctl.local.connection import Connection
    from gwctl.local.tokens import Credentials

    connection = Connection.read(data.connection)
    secrets = {
        connection.client_id: connection.client_secret,
        connection.admin_client_id: connection.admin_client_secret,
    }
    wanted = client_id or connection.client_id
    secret = secrets.get(wanted) or os.environ.get(SECRET_VARIABLE)
    if not secret:
        raise UserError(f"the secret of client {wanted} is not known here; put it into {SECRET_VARIABLE}")
    return Credentials(connection.token_url, wanted, secret)
