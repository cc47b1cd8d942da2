"""`gwctl outputs`: an environment's name in, what it was built into out."""

from typing import Any

import click

from gwctl.cli.environments.deployment import name_argument
from gwctl.cli.options import json_option


@click.command()
@name_argument
@json_option
def command(name: str, as_json: bool) -> None:
    """Show what an environment was built into: URLs, names, ARNs.

    Sensitive outputs are named and not shown. The same is kept for gwctl's other commands.
    """
    import json

    from gwctl.cli.environments import deployment
    from gwctl.cli.environments.apply_view import ApplyView
    from gwctl.core.errors import UserError
    from gwctl.environments.deploy import building, emulator
    from gwctl.environments.project import Project
    from gwctl.environments.terraform.runner import TerraformError

    project = Project.find()
    opened = building.open_environment(project, name)
    deployment.opened(opened, "Outputs")
    if opened.target.environment.emulated and not emulator.current(project):
        raise UserError(f"the emulated AWS does not run, so {name} is not built; run `gwctl deploy {name}`")
    with building.alone(opened.target.place), ApplyView(quiet=as_json) as view:
        target = building.reach(opened, project)
        runner = building.start_terraform(target, opened.programs, view.event)
        try:
            view.step("Reading the state")
            runner.init()
            applied = building.keep_outputs(runner, target)
        except TerraformError as error:
            view.close()
            raise deployment.failed(error, runner, target, f"gwctl outputs {name}") from None
    if not applied.outputs:
        raise UserError(f"{name} has no outputs: it has not been built; run `gwctl deploy {name}`")
    if as_json:
        click.echo(json.dumps({**applied.outputs, **dict.fromkeys(applied.sensitive)}))
        return
    for output in sorted([*applied.outputs, *applied.sensitive]):
        click.echo(f"{output} = {_shown(applied.outputs[output]) if output in applied.outputs else '(sensitive)'}")


def _shown(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)
