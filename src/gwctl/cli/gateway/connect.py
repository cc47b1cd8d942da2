"""`gwctl connect`: a client's name in, its configuration on stdout out (or in its file), notes on stderr."""

from typing import TYPE_CHECKING

import click

from gwctl.cli.options import data_dir_option
from gwctl.core.errors import UserError

if TYPE_CHECKING:
    from gwctl.local.data_dir import DataDir

CLIENTS = ("claude-code", "codex", "opencode", "goose", "continue", "langchain", "openai", "anthropic", "curl")


@click.command()
@click.argument("client", type=click.Choice(CLIENTS))
@click.option("--write", is_flag=True, help="Merge it into the client's configuration file; what was there stays.")
@click.option("--model", metavar="ALIAS", help="A route of the policy. Default: the first one that fits the client.")
@data_dir_option
def command(client: str, write: bool, model: str | None, data: "DataDir") -> None:
    """Show what to put where so that a program calls the gateway.

    stdout has the configuration and nothing else. For openai, anthropic, goose and curl it is for a shell:

    \b
        eval "$(gwctl connect curl)"
    """
    import os

    from gwctl.cli.invocation import anywhere, here
    from gwctl.cli.prose import fitted
    from gwctl.clients.apply import apply
    from gwctl.clients.model import Gateway
    from gwctl.clients.recipes import RECIPES, models_of
    from gwctl.local.connection import Connection

    connection = Connection.read(data.connection)
    gateway = Gateway(
        url=connection.gateway_url,
        token_command=tuple(anywhere(data, "token")),
        models=models_of(data.snapshot, connection.client_id),
        environment=dict(os.environ),
        chosen_model=model,
        connect_command=here(data, "connect", client, *(["--model", model] if model else [])),
    )
    told = RECIPES[client](gateway)
    if not write:
        click.echo(told.text)
        for note in told.notes:
            click.echo(note if note.startswith(" ") else fitted(note), err=True)
        return
    if told.edit is None:
        raise UserError(f"{client} has no configuration file that could be written; run it without --write")
    changes = apply(told.edit)
    if not changes:
        click.echo(f"{told.edit.path} is up to date.", err=True)
    for index, change in enumerate(changes):
        click.echo(f"{told.edit.path}:" if index == 0 else "", err=True, nl=index == 0)
        click.echo(f"  {change}", err=True)
