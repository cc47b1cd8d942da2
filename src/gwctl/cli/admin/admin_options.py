"""Options of all commands that speak to an admin API. In: `--env` or `--data-dir`. Out: an `AdminClient`, when asked.

`--env NAME` is a deployed environment: its URLs come from what was applied, its credentials from the variables
GWCTL_ADMIN_CLIENT_ID and GWCTL_ADMIN_CLIENT_SECRET, or else from Cognito, which takes AWS credentials. Without it, it
is the gateway of the data directory.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import click

from gwctl.cli.options import data_dir_option
from gwctl.core.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from gwctl.cli.admin.admin_client import AdminClient, Endpoint
    from gwctl.local.connection import Connection
    from gwctl.local.data_dir import DataDir

ID_VARIABLE: Final = "GWCTL_ADMIN_CLIENT_ID"
SECRET_VARIABLE: Final = "GWCTL_ADMIN_CLIENT_SECRET"  # noqa: S105 - the variable's name


@dataclass(frozen=True)
class Admin:
    """Which gateway is meant. Nothing is read before `client` is asked for, so that mistakes are told first."""

    environment: str | None
    data: "DataDir"

    @cached_property
    def client(self) -> "AdminClient":
        """Calls its admin API. Raises UserError."""
        from gwctl.cli.admin.admin_client import AdminClient

        return AdminClient(_deployed(self.environment) if self.environment else _local(self.data))

    def announce(self) -> None:
        """Says on stderr which deployment is about to be changed; nothing for this machine's own gateway."""
        if self.environment is None:
            return
        from gwctl.environments.deploy.applied import Applied
        from gwctl.environments.project import Project

        applied = Applied.read(Project.find().place(self.environment))
        told = ("environment", self.environment), ("account", applied.account_id), ("region", applied.region)
        for label, value in told:
            click.echo(f"  {label:<12} {click.style(value, bold=True)}", err=True)


def admin_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--env NAME` and `--data-dir DIR`: passes `admin`, an `Admin`."""
    import functools

    @functools.wraps(function)
    def wrapped(*args: Any, environment: str | None, data: "DataDir", **kwargs: Any) -> Any:
        return function(*args, admin=Admin(environment, data), **kwargs)

    return data_dir_option(
        click.option(
            "--env",
            "environment",
            metavar="NAME",
            help="A deployed environment. Default: the gateway on this machine.",
        )(wrapped)
    )


def output_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`-o table|json|yaml`: passes `output`."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice(("table", "json", "yaml")),
        default="table",
        show_default=True,
        help="What stdout gets.",
    )(function)


def _local(data: "DataDir") -> "Endpoint":
    from gwctl.local.connection import Connection

    return _endpoint(Connection.read(data.connection), data.tokens, "this machine's gateway")


def _endpoint(connection: "Connection", tokens: "Path", name: str) -> "Endpoint":
    from gwctl.cli.admin.admin_client import Endpoint
    from gwctl.local.tokens import Credentials

    credentials = Credentials(connection.token_url, connection.admin_client_id, connection.admin_client_secret)
    return Endpoint(connection.admin_url.rstrip("/"), credentials, tokens, name)


def _deployed(name: str) -> "Endpoint":
    from gwctl.cli.admin.admin_client import Endpoint
    from gwctl.environments.deploy.applied import Applied
    from gwctl.environments.project import Project
    from gwctl.local.tokens import Credentials

    place = Project.find().place(name)
    applied = Applied.read(place)
    tokens = place.create_work() / "tokens"
    secret = os.environ.get(SECRET_VARIABLE)
    client_id = os.environ.get(ID_VARIABLE) or (applied.outputs.get("cognito_client_ids") or {}).get("admin")
    if not applied.endpoint and secret and client_id:
        credentials = Credentials(str(applied.output("cognito_token_endpoint")), str(client_id), secret)
        return Endpoint(str(applied.output("admin_api_url")).rstrip("/"), credentials, tokens, name)
    from gwctl.environments.deploy.reach import connection_to

    try:
        return _endpoint(connection_to(place, applied), tokens, name)
    except UserError as error:
        if applied.endpoint:
            raise
        missing = SECRET_VARIABLE if client_id else f"{ID_VARIABLE} and {SECRET_VARIABLE}"
        raise UserError(
            f"the credentials of an admin client of {name} are not known here; put them into {missing} ({error})"
        ) from None
