"""`gwctl destroy`: an environment's name in; nothing of it is left, or an error says what is."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gwctl.cli.environments.deployment import (
    dry_run_option,
    name_argument,
    plan_file_option,
    terraform_options,
    yes_option,
)

if TYPE_CHECKING:
    from gwctl.environments.deploy.building import Opened
    from gwctl.environments.project import Project
    from gwctl.environments.terraform.plan import Plan
    from gwctl.environments.terraform.workspace import Target


@click.command()
@name_argument
@yes_option
@click.option("--discard", is_flag=True, help="Throw the emulated AWS away as a whole, whatever is in it.")
@click.option("--confirm", "typed", metavar="NAME", help="The environment's name, for where nobody can type it.")
@dry_run_option
@plan_file_option("Carry out this plan, made by `gwctl plan --destroy --plan-file`.", must_exist=True)
@terraform_options
def command(
    *,
    name: str,
    yes: bool,
    discard: bool,
    typed: str | None,
    dry_run: bool,
    plan_file: Path | None,
    parallelism: int,
    lock_seconds: int,
    as_json: bool,
) -> None:
    """Destroy everything that an environment was built into.

    A production wants its name typed, or given with --confirm: --yes is not enough. The bucket with the state stays.
    """
    from gwctl.cli.environments import deployment
    from gwctl.cli.environments.apply_view import ApplyView
    from gwctl.core.errors import UserError
    from gwctl.environments.deploy import building
    from gwctl.environments.project import Project
    from gwctl.environments.terraform.runner import TerraformError

    project = Project.find()
    opened = building.open_environment(project, name)
    deployment.opened(opened, "Destroy")
    if _nothing_there(opened, project, as_json=as_json):
        return
    if discard:
        _discard(opened, project, yes=yes, as_json=as_json)
        return
    if not dry_run:
        _check_can_ask(opened.target, yes=yes, typed=typed)
    again = f"gwctl destroy {name}"
    result: dict[str, Any] = {"environment": name, "account_id": opened.target.environment.account_id}
    with building.alone(opened.target.place), ApplyView(quiet=as_json) as view:
        target = building.reach(opened, project)
        if not plan_file:
            building.prepare_artifacts(project, deployment.said)
        runner = building.start_terraform(
            target, opened.programs, view.event, parallelism=parallelism, lock_seconds=lock_seconds
        )
        deployment.watch_interrupts(runner)
        try:
            with building.plan_file(target.place, None) as made:
                file = plan_file.absolute() if plan_file else made
                plan = (
                    building.read_saved_plan(runner, file, target, view.step)
                    if plan_file
                    else building.make_plan(runner, file, view.step, destroy=True)
                )
                view.close()
                result["plan"] = plan.as_json()
                if not as_json:
                    deployment.show_plan(plan)
                if dry_run:
                    _tell(result, as_json, "Nothing was changed: --dry-run.", destroyed=False)
                    return
                if not plan.is_empty:
                    building.refuse_protected(plan, target)
                    _ask(target, plan, yes=yes, typed=typed)
                    view.total = len(plan.changes)
                    view.step("Destroying")
                    runner.apply(file)
        except TerraformError as error:
            view.close()
            deployment.interrupted(runner, target, again)
            failure = deployment.failed(error, runner, target, again)
            if target.endpoint:
                failure = UserError(f"{failure}\nOr throw the emulated AWS away as a whole: `{again} --discard`.")
            raise failure from None
        view.close()
        deployment.interrupted(runner, target, again)
        target.place.applied.unlink(missing_ok=True)
    if target.environment.emulated:
        _end_emulated(opened, project)
    kept = "" if target.endpoint else f" Its state is still in the bucket {target.environment.state.bucket}."
    _tell(result, as_json, f"Nothing is left of {name}.{kept}", destroyed=True)


def _nothing_there(opened: "Opened", project: "Project", *, as_json: bool) -> bool:
    """An emulated AWS that does not run has nothing in it."""
    from gwctl.environments.deploy import emulator

    environment = opened.target.environment
    if not environment.emulated or emulator.current(project):
        return False
    _end_emulated(opened, project)
    result = {"environment": opened.target.name, "account_id": environment.account_id}
    _tell(result, as_json, "The emulated AWS does not run, so there is nothing to destroy.", destroyed=True)
    return True


def _discard(opened: "Opened", project: "Project", *, yes: bool, as_json: bool) -> None:
    """End the emulated AWS, and everything in it. Raises UserError: it is a real one."""
    from gwctl.cli.environments.deployment import confirm
    from gwctl.core.errors import UserError
    from gwctl.environments.deploy import building

    name, environment = opened.target.name, opened.target.environment
    if not environment.emulated:
        raise UserError(f"{name} is in a real AWS, which cannot be thrown away; leave out --discard")
    with building.alone(opened.target.place):
        confirm(f"This throws away the emulated AWS with all of {name}. Go on?", yes=yes)
        _end_emulated(opened, project)
    result = {"environment": name, "account_id": environment.account_id}
    _tell(result, as_json, f"Nothing is left of {name}.", destroyed=True)


def _end_emulated(opened: "Opened", project: "Project") -> None:
    """Stop the emulated AWS and the gateway beside it, and forget what they had."""
    import shutil

    from gwctl.environments.deploy import emulator, local_gateway

    local_gateway.stop(opened.target.place)
    shutil.rmtree(local_gateway.data_of(opened.target.place).root, ignore_errors=True)
    emulator.stop(project)
    opened.target.place.applied.unlink(missing_ok=True)


def _check_can_ask(target: "Target", *, yes: bool, typed: str | None) -> None:
    """Before anything is planned. Raises UserError: nobody can answer, no option does, or it names another one."""
    from gwctl.cli.environments.deployment import confirm_name, somebody_there

    environment = target.environment
    if typed is not None:
        confirm_name(target.name, "", given=typed)
    if typed is None and (environment.production or not (environment.emulated or yes)):
        somebody_there(f"--confirm {target.name}")
    if environment.emulated and not yes:
        somebody_there("--yes")


def _ask(target: "Target", plan: "Plan", *, yes: bool, typed: str | None) -> None:
    from gwctl.cli.environments.deployment import confirm, confirm_name

    environment = target.environment
    what = f"This destroys {len(plan.changes)} resources of {target.name} in account {environment.account_id}."
    if environment.production or typed is not None:
        confirm_name(target.name, what, given=typed)
    elif environment.emulated:
        confirm(f"{what} Go on?", yes=yes)
    elif not yes:
        confirm_name(target.name, what, given=None)


def _tell(result: dict[str, Any], as_json: bool, words: str, *, destroyed: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps({**result, "destroyed": destroyed}))
    else:
        click.echo(words, err=True)
