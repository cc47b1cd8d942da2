"""`gwctl version`: nothing in, the versions of gwctl and of what it runs out."""

import click

from gwctl.cli.options import json_option


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Show the versions of gwctl, Envoy, Node.js and Portkey."""
    from gwctl.local.supervisor.programs import versions

    found = versions()
    if as_json:
        import json

        click.echo(json.dumps(found))
        return
    for name, version in found.items():
        click.echo(f"{name:<8} {version}")
