"""`gwctl build`: a checkout in, what a deployment takes from it out."""

import click

from gwctl.cli.options import json_option


@click.group()
def command() -> None:
    """Build what a deployment takes from this checkout."""


@command.command("lambda")
@json_option
def lambda_command(as_json: bool) -> None:
    """Write dist/admin: the admin API's functions, a zip each, and its OpenAPI document.

    The same checkout gives the same bytes. The packages come as wheels for Lambda on arm64, by their hashes in
    requirements/lambda.txt. `gwctl deploy` does this by itself when something has changed.
    """
    import json

    from gwctl.environments.deploy.artifacts import build_lambda
    from gwctl.environments.project import Project, shown

    built = build_lambda(Project.find())
    if as_json:
        click.echo(json.dumps([{"path": str(each.path), "bytes": each.size} for each in built]))
        return
    width = max(len(shown(each.path)) for each in built)
    for each in built:
        click.echo(f"{shown(each.path):<{width}}  {each.size / 1e6:5.1f} MB")
