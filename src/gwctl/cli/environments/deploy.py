"""`gwctl deploy`: an environment's name in; it is built, serves and passed a smoke test, or an error says why not."""

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
    from gwctl.cli.environments.apply_view import ApplyView
    from gwctl.environments.deploy.applied import Applied
    from gwctl.environments.terraform.plan import Plan
    from gwctl.environments.terraform.runner import TerraformRunner
    from gwctl.environments.terraform.workspace import Target


@click.command()
@name_argument
@yes_option
@dry_run_option
@plan_file_option("Carry out this plan, made by `gwctl plan --plan-file`, instead of a new one.", must_exist=True)
@click.option(
    "--repositories",
    is_flag=True,
    help="Make the image repositories and nothing else: before the first deploy, for `gwctl images mirror`.",
)
@click.option("--no-gateway", is_flag=True, help="With an emulated AWS: do not start a gateway on this machine.")
@click.option("--no-smoke", is_flag=True, help="Do not run the smoke suite afterwards.")
@terraform_options
def command(
    *,
    name: str,
    yes: bool,
    dry_run: bool,
    plan_file: Path | None,
    repositories: bool,
    no_gateway: bool,
    no_smoke: bool,
    parallelism: int,
    lock_seconds: int,
    as_json: bool,
) -> None:
    """Build an environment, or bring it up to date.

    Renders its variables, plans, shows what changes, asks, applies, waits until the new tasks are healthy, and runs
    the smoke suite. `gwctl deploy local` does it in an AWS emulated on this machine, without an account; no containers
    run there, so it starts a gateway beside it, which the deployed clients can call.
    """
    from gwctl.cli.environments import deployment
    from gwctl.cli.environments.apply_view import ApplyView
    from gwctl.environments.deploy import building
    from gwctl.environments.project import Project
    from gwctl.environments.terraform.runner import TerraformError

    project = Project.find()
    opened = building.open_environment(project, name, without_images=repositories)
    deployment.opened(opened, "Deploy")
    if not (yes or dry_run):
        deployment.somebody_there("--yes")
    again = f"gwctl deploy {name}"
    result: dict[str, Any] = {"environment": name, "account_id": opened.target.environment.account_id}
    with building.alone(opened.target.place), ApplyView(quiet=as_json) as view:
        target = building.reach(opened, project)
        if not plan_file:  # a saved plan is of the functions that there were
            building.prepare_artifacts(project, deployment.said)
        runner = building.start_terraform(
            target, opened.programs, view.event, parallelism=parallelism, lock_seconds=lock_seconds
        )
        runner.only = building.REPOSITORIES if repositories else ()
        deployment.watch_interrupts(runner)
        try:
            with _plan_file(target, plan_file) as file:
                plan = _plan(runner, file, target, view, saved=plan_file is not None)
                view.close()
                result["plan"] = plan.as_json()
                if not as_json:
                    deployment.show_plan(plan)
                if dry_run:
                    _finish(result, as_json, applied=False)
                    return
                result["seconds"] = _apply(runner, file, plan, view, target, yes=yes)
            if repositories:
                _finish(result, as_json, applied=True)
                deployment.said(f"The repositories are there. Next: gwctl images mirror {name}")
                return
            applied = building.keep_outputs(runner, target)
        except TerraformError as error:
            view.close()
            deployment.interrupted(runner, target, again)
            raise deployment.failed(error, runner, target, again) from None
        deployment.interrupted(runner, target, again)
    result["first_policy"] = _first_policy(target, applied)
    result["gateway"] = _local_gateway(target, applied, quiet=as_json) if target.endpoint and not no_gateway else None
    result["health"] = _wait(target, applied, quiet=as_json)
    result["smoke"] = _smoke(target, quiet=as_json, skip=no_smoke)
    result["outputs"] = dict(applied.outputs)
    _finish(result, as_json, applied=True)
    if not as_json:
        _next_steps(target, applied, result["gateway"])


def _plan_file(target: "Target", given: Path | None) -> Any:
    from contextlib import nullcontext

    from gwctl.environments.deploy import building

    return nullcontext(given.absolute()) if given else building.plan_file(target.place, None)


def _plan(runner: "TerraformRunner", file: Path, target: "Target", view: "ApplyView", *, saved: bool) -> "Plan":
    from gwctl.environments.deploy import building

    if saved:
        return building.read_saved_plan(runner, file, target, view.step)
    return building.make_plan(runner, file, view.step)


def _apply(
    runner: "TerraformRunner", file: Path, plan: "Plan", view: "ApplyView", target: "Target", *, yes: bool
) -> float:
    """Ask, apply; returns the seconds that it took."""
    import time

    from gwctl.cli.environments.deployment import confirm

    if plan.is_empty:
        return 0.0
    confirm(f"Apply this to {target.name}, account {target.environment.account_id}?", yes=yes)
    view.total = sum(2 if change.action == "replace" else 1 for change in plan.changes if change.action != "forget")
    view.step("Applying")
    began = time.monotonic()
    runner.apply(file)
    view.close()
    seconds = time.monotonic() - began
    view.said(f"Applied in {seconds:.0f} s.")
    return round(seconds, 1)


def _first_policy(target: "Target", applied: "Applied") -> int | None:
    """See that there is a policy; returns the version of the one that was published, None when there was one."""
    from gwctl.cli.environments.deployment import said
    from gwctl.environments.deploy import first_policy

    version = first_policy.ensure(target, applied)
    if version is not None:
        said("A first policy has been published. It has no client yet: nobody gets through before there is a team.")
    return version


def _wait(target: "Target", applied: "Applied", *, quiet: bool) -> str:
    """Wait for the service; returns what is to be told of it."""
    from gwctl.cli.environments.deployment import said
    from gwctl.environments.deploy import health
    from gwctl.environments.terraform import aws

    if target.environment.emulated:
        return "not waited for: the emulated AWS runs no containers"
    last = ""

    def told(state: health.Health) -> None:
        nonlocal last
        if not quiet and str(state) != last:
            last = str(state)
            said(f"Waiting for the service: {last}")

    ecs = aws.clients(target)("ecs")
    where = (applied.output("ecs_cluster_name"), applied.output("ecs_service_name"))
    past = health.try_again(ecs, *where)
    if past and not quiet:
        said("The last rollout has failed: a new one has been begun with the same tasks.")
    return str(health.wait(ecs, *where, told, past=past))


def _local_gateway(target: "Target", applied: "Applied", *, quiet: bool) -> dict[str, str]:
    """Start the gateway of this machine for an emulated deployment; returns how to reach it."""
    from gwctl.cli.gateway.progress import Progress
    from gwctl.environments.deploy import local_gateway
    from gwctl.local.connection import Connection

    with Progress(quiet=quiet) as progress:
        local_gateway.start(target.place, applied, progress.changed)
    connection = Connection.read(local_gateway.data_of(target.place).connection)
    return {"gateway_url": connection.gateway_url, "token_url": connection.token_url}


def _smoke(target: "Target", *, quiet: bool, skip: bool) -> dict[str, str]:
    """Run the smoke suite. Raises UserError when it fails."""
    from gwctl.cli.environments.deployment import said
    from gwctl.core.errors import UserError
    from gwctl.environments.deploy import smoke

    if skip:
        return {"state": "skipped", "detail": "--no-smoke"}
    if not quiet and not smoke.missing(target.place):
        said("Running the smoke suite …")
    outcome = smoke.run(target.place, quiet=quiet)
    if outcome.state == "failed":
        raise UserError(
            f"{target.name} is built, but its smoke suite fails; see above, correct it, and run the suite again: "
            f"GWCTL_SMOKE_ENV={target.name} pytest tests/smoke" + (f"\n{outcome.detail}" if outcome.detail else "")
        )
    if not quiet:
        word = "The smoke suite has passed" if outcome.state == "passed" else "No smoke test was run"
        said(f"{word}: {outcome.detail}.")
    return {"state": outcome.state, "detail": outcome.detail}


def _finish(result: dict[str, Any], as_json: bool, *, applied: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps({**result, "applied": applied}))
    elif not applied:
        click.echo("Nothing was changed: --dry-run.", err=True)


def _next_steps(target: "Target", applied: "Applied", gateway: dict[str, str] | None) -> None:
    """What is there now, and the commands one can use next."""
    from gwctl.cli.gateway.next_steps import commands
    from gwctl.environments.project import shown

    name = target.name
    click.echo(f"\n{click.style(f'{name} is deployed.', fg='green', bold=True)}")
    for label, url in _addresses(target, applied, gateway):
        click.echo(f"{label:<12} {url}")
    waiting = sorted(applied.outputs.get("provider_secret_arns", {}))
    if waiting and not target.endpoint:
        click.echo(f"Put the providers' keys into Secrets Manager: {', '.join(waiting)}.")
    click.echo("\nCommands you can use next:\n")
    steps = [
        *_gateway_steps(target, gateway),
        *_image_steps(target, applied),
        (f"gwctl outputs {name}", "what it was built into"),
        (f"gwctl doctor {name}", "whether all is well"),
        (f"gwctl destroy {name}", "remove all of it"),
    ]
    for line in commands(steps):
        click.echo(line)
    click.echo(f"\nWhat it was built into is kept in {shown(target.place.applied)}.")


def _addresses(target: "Target", applied: "Applied", gateway: dict[str, str] | None) -> list[tuple[str, str]]:
    if not target.endpoint:
        outputs = applied.outputs
        return [("Gateway", outputs.get("gateway_url", "?")), ("Admin API", outputs.get("admin_api_url", "?"))]
    local = [("Gateway", gateway["gateway_url"]), ("Tokens", gateway["token_url"])] if gateway else []
    return [*local, ("Emulated AWS", target.endpoint)]


def _image_steps(target: "Target", applied: "Applied") -> list[tuple[str, str]]:
    """Where images still come from elsewhere, as in a first deploy: the environment has repositories of its own now."""
    own = applied.outputs.get("ecr_repository_urls", {})
    images = target.environment.images.model_dump()
    elsewhere = [name for name, image in images.items() if image.rpartition("@")[0] != own.get(name)]
    if target.endpoint or not elsewhere:
        return []
    return [(f"gwctl images mirror {target.name}", "have its images in its own registry")]


def _gateway_steps(target: "Target", gateway: dict[str, str] | None) -> list[tuple[str, str]]:
    """What one can do with the gateway on this machine."""
    from gwctl.environments.deploy import local_gateway

    if not gateway:
        return []
    data = local_gateway.data_of(target.place)
    return [
        (data.command("connect", "claude-code"), "point a program at it"),
        (data.command("status"), "what runs, and the policy in force"),
    ]
