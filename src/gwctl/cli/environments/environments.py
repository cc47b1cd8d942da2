"""`gwctl environments`: the environments of this checkout, a new one, the schema of their files."""

import click

from gwctl.cli.options import json_option


@click.group()
def command() -> None:
    """List environments, or write a new one."""


@command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the environments of this checkout: account, region, and whether their files are in order."""
    import json

    from gwctl.environments.file import render
    from gwctl.environments.file.loading import load
    from gwctl.environments.file.problems import EnvironmentFileError
    from gwctl.environments.project import Project

    project = Project.find()
    rows = []
    for name in project.names():
        place = project.place(name)
        try:
            environment = load(place)
        except EnvironmentFileError as error:
            rows.append(
                {"name": name, "account_id": "", "region": "", "kind": "", "state": f"{len(error.problems)} problems"}
            )
            continue
        kind = "emulated" if environment.emulated else "production" if environment.production else "not production"
        state = "rendered" if render.is_current(place, environment) else "not rendered"
        rows.append(
            {
                "name": name,
                "account_id": environment.account_id,
                "region": environment.region,
                "kind": kind,
                "state": state,
            }
        )
    if as_json:
        click.echo(json.dumps(rows))
        return
    widths = {key: max(len(row[key]) for row in rows) for key in rows[0]} if rows else {}
    for row in rows:
        click.echo("  ".join(f"{value:<{widths[key]}}" for key, value in row.items()).rstrip())


@command.command("new")
@click.argument("name", metavar="NAME")
@click.option("--account-id", metavar="DIGITS", default="000000000000", help="The AWS account, 12 digits.")
@click.option("--region", default="eu-central-1", show_default=True, help="AWS region.")
@click.option("--production", is_flag=True, help="People depend on it: larger, protected, with the guards on.")
def new_command(name: str, account_id: str, region: str, production: bool) -> None:
    """Write a commented environments/NAME/environment.yaml to start from."""
    from gwctl.environments.file import fleet, new
    from gwctl.environments.file.loading import load
    from gwctl.environments.project import Project, shown

    project = Project.find()
    place = new.create(project, name, account_id=account_id, region=region, production=production)
    click.echo(f"{shown(place.yaml)} has been written.", err=True)
    left = fleet.examples_left(load(place))
    if left:
        click.echo("Write your own for what it has from the example:", err=True)
        for each in left:
            click.echo(f"  {each}", err=True)
    click.echo(f"Then: gwctl bootstrap {name}, gwctl deploy {name}", err=True)


@command.command("schema")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 when the file is not current.")
def schema_command(check: bool) -> None:
    """Write docs/reference/environment.schema.json, by which editors complete and check environment.yaml."""
    from gwctl.core.errors import UserError
    from gwctl.environments.file import schema
    from gwctl.environments.project import Project, shown

    project = Project.find()
    path = shown(schema.path(project))
    if check:
        if not schema.is_current(project):
            raise UserError(f"{path} is not current; run `{schema.COMMAND}`")
        click.echo(f"{path} is current.", err=True)
        return
    written = schema.write(project)
    click.echo(f"{path} {'has been written' if written else 'is current'}.", err=True)
