"""`gwctl docs`: the checkout in, generated pages, a list of problems or a site out."""

import click


@click.group(name="docs")
def command() -> None:
    """Generate the reference and the auditors' pages, check all documents, build the site."""


@command.command()
def build() -> None:
    """Write the generated pages of docs/ that are not current.

    Commands, usage events, refusals, the admin API, environment.yaml, modules, decisions, runbooks, controls and data
    flows are read where they are defined. What is written is the same on every machine.
    """
    from gwctl.cli.main import cli
    from gwctl.docs.build import write
    from gwctl.environments.project import Project, shown

    written = write(Project.find().root, cli)
    for path in written:
        click.echo(f"{shown(path)} has been written.", err=True)
    if not written:
        click.echo("All generated pages are current.", err=True)


@command.command()
def check() -> None:
    """Find what the documents claim and the repository does not have. Exit code 1 if there is something.

    Tests, resources, decisions and runbooks that controls name; links and headings; commands; the form of decisions;
    generated pages that are not current. Each problem comes with the command that mends it.
    """
    from gwctl.cli.main import cli
    from gwctl.core.errors import UserError
    from gwctl.docs.check import problems
    from gwctl.environments.project import Project

    found = problems(Project.find().root, cli)
    for problem in found:
        click.echo(problem)
    if found:
        raise UserError(f"{len(found)} problems in the documents; each one above says how to mend it")
    click.echo("The documents are in order.", err=True)


@command.command()
@click.option("--output", metavar="DIR", help="Where the site goes. Default: dist/site in the checkout.")
def site(output: str | None) -> None:
    """Build the site: all documents as pages that need no network.

    It needs MkDocs, which `make setup` installs.
    """
    from pathlib import Path

    from gwctl.docs.site import build as build_site
    from gwctl.environments.project import Project, shown

    root = Project.find().root
    index = build_site(root, Path(output).absolute() if output else root / "dist" / "site")
    click.echo(f"{shown(index)} has been written.", err=True)
