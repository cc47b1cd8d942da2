"""`gwctl down`: a data directory in; nothing of its gateway is running afterwards."""

from typing import TYPE_CHECKING

import click

from gwctl.cli.options import data_dir_option

if TYPE_CHECKING:
    from gwctl.local.data_dir import DataDir


@click.command()
@data_dir_option
def command(data: "DataDir") -> None:
    """Stop the gateway on this machine.

    It also ends what a gateway that crashed may have left running. Everything in the data directory stays.
    """
    from gwctl.local.supervisor import running

    if running.stop(data):
        click.echo("The gateway has stopped.")
    else:
        click.echo(f"No gateway was running in {data.root}.")
