"""The steps of plan, deploy and destroy. In: an environment's name. Out: what was planned, built and seen.

Each step raises UserError with what to do, or TerraformError with what Terraform reported. Nothing is printed here:
`told` gets a sentence for each step, the runner's listener gets what Terraform reports meanwhile.
"""

import os
import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from gwctl.core.errors import UserError
from gwctl.environments.deploy import artifacts, emulator
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.file import fleet, loading, render
from gwctl.environments.project import Place, Project, shown
from gwctl.environments.terraform import aws, tools, workspace
from gwctl.environments.terraform import state_bucket as bootstrap
from gwctl.environments.terraform.events import Event
from gwctl.environments.terraform.plan import Plan, read_plan
from gwctl.environments.terraform.runner import LOCK_SECONDS, PARALLELISM, TerraformRunner
from gwctl.environments.terraform.workspace import Target

Told = Callable[[str], None]

REPOSITORIES = ("module.compute.aws_ecr_repository.this", "module.compute.aws_ecr_lifecycle_policy.this")
"""What has to be there before the service, which pulls from it; with the key that they need."""


@dataclass(frozen=True)
class Opened:
    """An environment whose files are in order. Nothing has been called yet."""

    target: Target
    programs: tools.Tools
    notes: tuple[str, ...]
    """What a person should know before anything begins."""


def open_environment(project: Project, name: str, *, without_images: bool = False) -> Opened:
    """Read the environment, render it if it is not current, find the programs. Raises UserError.

    `without_images`: the images may still be the example's, for there is no repository to have them in.
    """
    place = project.place(name)
    environment = loading.load(place)
    left = [each for each in fleet.examples_left(environment) if not (without_images and each.startswith("images."))]
    if left:
        raise UserError(
            f"{shown(place.yaml)} still has what the example has: {', '.join(left)}; write your own, "
            "then run this again"
        )
    if environment.emulated and environment.account_id != emulator.ACCOUNT:
        raise UserError(
            f"{shown(place.yaml)}: account_id {environment.account_id} is not that of the emulated AWS; "
            f'write "{emulator.ACCOUNT}"'
        )
    notes: list[str] = []
    if render.write(place, environment):
        notes.append(f"{shown(place.tfvars)} was not current and has been rendered.")
    found = tools.find(project)
    if found.terragrunt is None:
        notes.append("There is no Terragrunt here: Terraform runs by itself (scripts/install-tools gets Terragrunt).")
    return Opened(Target(place, environment), found, tuple(notes))


def reach(opened: Opened, project: Project) -> Target:
    """Make sure that it is the right account, with a bucket for the state. Raises UserError.

    An emulated AWS is started, and furnished, when it does not run.
    """
    target = opened.target
    if target.environment.emulated:
        target = Target(target.place, target.environment, emulator.start(project).url)
        emulator.furnish(target)
        bootstrap.bootstrap(target)
        return target
    aws.check_account(target)
    if not bootstrap.exists(target):
        raise UserError(
            f"there is no bucket {target.environment.state.bucket} for the state of {target.name}; "
            f"make it with `gwctl bootstrap {target.name}`"
        )
    return target


def prepare_artifacts(project: Project, told: Told) -> None:
    """The root module reads what `gwctl build lambda` writes: build it if it is not current. Raises UserError."""
    if artifacts.is_current(project):
        return
    told("Building the admin API's functions")
    artifacts.build_lambda(project)


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """One gwctl for each environment and checkout at a time. Raises UserError: another one is at work."""
    place.create_work()
    lock = FileLock(place.work / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise UserError(f"another gwctl is at work on {place.name} in this checkout; wait until it has ended") from None
    try:
        yield
    finally:
        lock.release()


def start_terraform(
    target: Target,
    programs: tools.Tools,
    listener: Callable[[Event], None],
    *,
    parallelism: int = PARALLELISM,
    lock_seconds: int = LOCK_SECONDS,
) -> TerraformRunner:
    """A runner with a new log. Nothing runs yet."""
    target.place.create_work()
    target.place.log.unlink(missing_ok=True)
    runner = workspace.runner(target, programs)
    runner.listener = listener
    runner.parallelism = parallelism
    runner.lock_seconds = lock_seconds
    return runner


def make_plan(runner: TerraformRunner, file: Path, told: Told, *, destroy: bool = False) -> Plan:
    """Plan into `file`. Raises TerraformError."""
    told("Connecting to the state")
    runner.init()
    told("Validating")
    runner.validate()
    told("Planning")
    runner.plan(file, destroy=destroy)
    return read_plan(runner.show(file))


def read_saved_plan(runner: TerraformRunner, file: Path, target: Target, told: Told) -> Plan:
    """The plan that somebody saved. Raises UserError: it is of another environment; TerraformError: it is no plan."""
    told("Connecting to the state")
    runner.init()
    plan = read_plan(runner.show(file))
    if plan.environment != target.name:
        raise UserError(
            f"the plan in {shown(file)} is for {plan.environment or 'something else'}, not for {target.name}; "
            f"make one with `gwctl plan {target.name} --plan-file {shlex.quote(shown(file))}`"
        )
    return plan


@contextmanager
def plan_file(place: Place, given: Path | None) -> Iterator[Path]:
    """Where to write a plan, readable by the owner alone: it holds every secret. Removed afterwards unless `given`."""
    if given:
        path = given.absolute()
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        path.chmod(0o600)
        yield path
        return
    descriptor, name = tempfile.mkstemp(dir=place.create_work(), prefix="plan-", suffix=".tfplan")
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def refuse_protected(plan: Plan, target: Target) -> None:
    """Stop before anything goes when AWS will refuse some of it. Raises UserError."""
    protected = plan.protected()
    if protected:
        names = ", ".join(each.address for each in protected[:3])
        more = f" and {len(protected) - 3} more" if len(protected) > 3 else ""
        raise UserError(
            f"AWS will not delete {names}{more}: deletion protection is on, and nothing has been destroyed; "
            f"write production: false in {shown(target.place.yaml)}, run `gwctl deploy {target.name}`, then this again"
        )


def keep_outputs(runner: TerraformRunner, target: Target) -> Applied:
    """Read the outputs and keep them for the other commands. Raises TerraformError."""
    applied = Applied.of(target, runner.output())
    applied.write(target.place)
    return applied
