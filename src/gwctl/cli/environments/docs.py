"""`gwctl docs`: the checkout in, generated pages, a list of problems or a site out.

The work is done by tools/docs of the checkout: it builds and checks this repository, so what is installed lacks it.
"""

import sys
from pathlib import Path

import click


def _checkout() -> Path:
    """The root of the checkout, whose tools can be imported from now on. Raises UserError where it has none."""
    from gwctl.core.errors import UserError
    from gwctl.environments.project import Project, shown

    root = Project.find().root
    if not (root / "tools" / "docs" / "__init__.py").is_file():
        raise UserError(
            f"{shown(root)} has no tools/docs, which `gwctl docs` runs; run this in a whole checkout of gwctl"
        )
    sys.path.insert(0, str(root))
    return root


@click.group(name="docs")
def command() -> None:
    """Generate the reference and the auditors' pages, check all documents, build the site."""


@command.command()
def build() -> None:
    """Write the generated pages of docs/ that are not current.

    Commands, usage events, refusals, the admin API, environment.yaml, modules, decisions, runbooks, controls and data
    flows are read where they are defined. What is written is the same on every machine.
    """
    root = _checkout()
    from gwctl.cli.main import cli
    from gwctl.environments.project import shown
    from tools.docs.build import write

    written = write(root, cli)
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
    root = _checkout()
    from gwctl.cli.main import cli
    from gwctl.core.errors import UserError
    from tools.docs.check import problems

    found = problems(root, cli)
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
    root = _checkout()
    from gwctl.environments.project import shown
    from tools.docs.site import build as build_site

    index = build_site(root, Path(output).absolute() if output else root / "dist" / "site")
    click.echo(f"{shown(index)} has been written.", err=True)
