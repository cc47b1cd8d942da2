"""`gwctl plan`: an environment's name in, what a deploy would change out."""

from pathlib import Path

import click

from gwctl.cli.environments.deployment import lock_seconds_option, name_argument, parallelism_option, plan_file_option
from gwctl.cli.options import json_option


@click.command()
@name_argument
@click.option("--destroy", "to_destroy", is_flag=True, help="Show what `gwctl destroy` would destroy.")
@plan_file_option("Keep the plan there, for `gwctl deploy --plan-file`. It holds every secret.", must_exist=False)
@parallelism_option
@lock_seconds_option
@click.option(
    "--refresh/--no-refresh",
    default=True,
    help="Ask AWS what is there, or compare with the state alone, which needs no right but to read it.",
)
@json_option
def command(
    name: str,
    to_destroy: bool,
    plan_file: Path | None,
    parallelism: int,
    lock_seconds: int,
    refresh: bool,
    as_json: bool,
) -> None:
    """Show what a deploy of an environment would change, and change nothing.

    Values are shown only when they are numbers, true or false; what is sensitive is never shown.
    """
    from gwctl.cli.environments import deployment
    from gwctl.cli.environments.apply_view import ApplyView
    from gwctl.environments.deploy import building
    from gwctl.environments.project import Project
    from gwctl.environments.terraform.runner import TerraformError

    project = Project.find()
    opened = building.open_environment(project, name)
    deployment.opened(opened, "Plan to destroy" if to_destroy else "Plan")
    with building.alone(opened.target.place), ApplyView(quiet=as_json) as view:
        target = building.reach(opened, project)
        building.prepare_artifacts(project, deployment.said)
        runner = building.start_terraform(
            target, opened.programs, view.event, parallelism=parallelism, lock_seconds=lock_seconds
        )
        runner.refresh = refresh
        deployment.watch_interrupts(runner)
        try:
            with building.plan_file(target.place, plan_file) as file:
                plan = building.make_plan(runner, file, view.step, destroy=to_destroy)
        except TerraformError as error:
            view.close()
            deployment.interrupted(runner, target, f"gwctl plan {name}")
            raise deployment.failed(error, runner, target, f"gwctl plan {name}") from None
    if as_json:
        import json

        click.echo(json.dumps(plan.as_json()))
        return
    deployment.show_plan(plan)
    if plan_file:
        verb = "destroy" if to_destroy else "deploy"
        deployment.said(f"\nIt is kept in {plan_file}, readable by you alone. Carry it out:")
        deployment.said(f"  gwctl {verb} {name} --plan-file {plan_file}")
