"""`gwctl doctor`: an environment's name, or none, in; what is well and what is not out, with what to do."""

from typing import TYPE_CHECKING

import click

from gwctl.cli.options import data_dir_option, json_option
from gwctl.core.errors import EXIT_USER

if TYPE_CHECKING:
    from gwctl.environments.deploy.doctor import Finding
    from gwctl.local.data_dir import DataDir


@click.command()
@click.argument("name", metavar="[NAME]", required=False)
@json_option
@data_dir_option
def command(name: str | None, as_json: bool, data: "DataDir") -> int:
    """Check that all is well. Exit code 1 when something is not.

    Without a name: programs, environments, and the gateway on this machine, through which one request is sent to
    the sample provider. With one: that environment's credentials, state, service and policy.
    """
    import json
    from dataclasses import asdict

    from gwctl.cli.environments.deployment import banner
    from gwctl.core.errors import UserError
    from gwctl.environments.deploy import canary, doctor
    from gwctl.environments.file.loading import load
    from gwctl.environments.project import Project

    found: list[Finding] = []
    if name:
        place = Project.find().place(name)
        banner(name, load(place), "Doctor")
        checks = doctor.of_environment(place)
    else:
        try:
            found += doctor.of_checkout(Project.find())
        except UserError as error:
            found.append(doctor.Finding("checkout", doctor.SKIPPED, str(error)))
        checks = canary.of_local_gateway(data)
    found += checks
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found]))
    else:
        width = max(len(finding.what) for finding in found)
        for finding in found:
            for line in _lines(finding, width):
                click.echo(line)
    return EXIT_USER if any(finding.state == doctor.FAILED for finding in found) else 0


def _lines(finding: "Finding", width: int) -> list[str]:
    import shutil
    import textwrap

    mark, colour = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red")}.get(
        finding.state, ("-", "bright_black")
    )
    indent = " " * (width + 4)
    columns = max(shutil.get_terminal_size((120, 24)).columns - len(indent), 30)
    text = [
        part
        for line in finding.detail.splitlines()
        for part in textwrap.wrap(line.strip(), columns, break_long_words=False, break_on_hyphens=False)
    ]
    if finding.fix and finding.state != "ok":
        text += textwrap.wrap(f"→ {finding.fix}", columns, break_long_words=False, break_on_hyphens=False)
    first = f"{click.style(mark, fg=colour)} {finding.what:<{width}}  {text[0]}"
    return [first, *(f"{indent}{line}" for line in text[1:])]
