"""`gwctl teams`: teams and their clients, through the admin API. A client's secret is printed once, on stdout only."""

from typing import TYPE_CHECKING, Any

import click

from gwctl.cli.admin.admin_options import Admin, admin_options, output_option
from gwctl.cli.environments.deployment import dry_run_option, yes_option
from gwctl.cli.policy.changing import given, names, pairs, show_once, store
from gwctl.cli.policy.resource_group import delete_one, print_all, resource_group
from gwctl.policy.kinds import CLIENTS, TEAMS

if TYPE_CHECKING:
    from gwctl.cli.admin.admin_client import Written

command = resource_group(TEAMS, "Teams, the models that they may use, and their clients.")


@command.command("create")
@click.argument("team", metavar="TEAM")
@click.option("--name", help="What people call it.")
@click.option("--models", callback=names, metavar="A,B", help="Routes that it may use. Default: all of them.")
@click.option("--tag", multiple=True, callback=pairs, metavar="NAME=VALUE", help="For chargeback. Repeatable.")
@dry_run_option
@admin_options
def create_team(
    *, team: str, name: str | None, models: Any, tag: dict[str, str] | None, dry_run: bool, admin: Admin
) -> None:
    """Make a team.

    \b
    Example: gwctl teams create search --models fast,smart --tag cost-center=4711
    """
    admin.announce()
    document = {"id": team, **given(name=name, models=models, tags=tag)}
    store(admin, TEAMS.path_of(team), document, None, dry_run=dry_run)


_team = click.argument("team", metavar="TEAM")
_client = click.argument("client", metavar="CLIENT")


@command.group("clients")
def clients() -> None:
    """The programs and services of a team: each has its own id and secret."""


@clients.command("list")
@_team
@output_option
@admin_options
def list_clients(*, team: str, output: str, admin: Admin) -> None:
    """List a team's clients. Their secrets are nowhere to be read.

    \b
    Example: gwctl teams clients list search
    """
    print_all(CLIENTS, list(admin.client.listed(f"{TEAMS.path_of(team)}/clients")), output)


@clients.command("create")
@_team
@click.option("--name", default="", help="Which program or service it is for.")
@dry_run_option
@output_option
@admin_options
def create(*, team: str, name: str, dry_run: bool, output: str, admin: Admin) -> None:
    """Make a client. Its secret is printed this once; keep it where secrets are kept.

    \b
    Example: gwctl teams clients create search --name indexer -o json > indexer.json
    """
    admin.announce()
    _issued(admin.client.post(f"{TEAMS.path_of(team)}/clients", {"name": name}, dry_run=dry_run), output)


@clients.command("rotate")
@_team
@_client
@yes_option
@dry_run_option
@output_option
@admin_options
def rotate(*, team: str, client: str, yes: bool, dry_run: bool, output: str, admin: Admin) -> None:
    """Give a client a new secret. The old one stops working; its tokens live until they expire.

    \b
    Example: gwctl teams clients rotate search 3n4b5urk1ft4fl3mg5e62d9ado --yes
    """
    from gwctl.cli.environments.deployment import confirm

    admin.announce()
    path = f"{CLIENTS.path_of(client, team)}/secret"
    if not dry_run:
        confirm(f"Give client {client} a new secret? The old one stops working.", yes=yes)
    _issued(admin.client.post(path, dry_run=dry_run), output)


@clients.command("revoke")
@_team
@_client
@yes_option
@dry_run_option
@admin_options
def revoke(*, team: str, client: str, yes: bool, dry_run: bool, admin: Admin) -> None:
    """End a client. The gateway refuses it within seconds, also with a token that is still valid.

    \b
    Example: gwctl teams clients revoke search 3n4b5urk1ft4fl3mg5e62d9ado
    """
    delete_one(admin, CLIENTS, CLIENTS.path_of(client, team), client, yes=yes, dry_run=dry_run)


def _issued(written: "Written", output: str) -> None:
    told = {name: written.extra[name] for name in ("client_id", "client_secret")}
    table = "\n".join(f"{name}={value}" for name, value in told.items())
    show_once(written, told, table, output, what="The secret")
