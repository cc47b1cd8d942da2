"""`gwctl completion`: a shell in, the script out by which it completes commands and options of gwctl."""

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what a shell needs to complete gwctl's commands and options.

    \b
    Example: eval "$(gwctl completion bash)"
    """
    from click.shell_completion import get_completion_class

    from gwctl.cli.main import cli

    chosen = get_completion_class(shell)
    assert chosen
    click.echo(chosen(cli, {}, "gwctl", "_GWCTL_COMPLETE").source())
