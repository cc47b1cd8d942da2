"""Is all well? In: a checkout, perhaps an environment. Out: a list of findings, each with what to do.

Nothing is changed, and no finding is an exception: what cannot be found out is a finding too.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.core.errors import UserError
from gwctl.environments.deploy import emulator, health
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.file import fleet, render
from gwctl.environments.images import platforms
from gwctl.environments.images.crane import Crane
from gwctl.environments.project import Place, Project, shown
from gwctl.environments.terraform import aws, locks, mirrors, tools
from gwctl.environments.terraform import state_bucket as bootstrap
from gwctl.environments.terraform.workspace import Target
from gwctl.stores.aws.clients import AWS_ERRORS, code_of

OK: Final = "ok"
WARNING: Final = "warning"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"
_OPTIONAL: Final = ("terragrunt", "tflint", "gitleaks", "actionlint")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `fix` says what to do when `state` is not ok."""

    what: str
    state: str
    detail: str
    fix: str = ""


def of_checkout(project: Project) -> Iterator[Finding]:
    """Programs, providers, files."""
    yield from _programs(project)
    yield _providers()
    yield _files(project)
    artifacts = project.artifacts / "openapi.json"
    if artifacts.is_file():
        yield Finding("admin functions", OK, shown(project.artifacts))
    else:
        yield Finding(
            "admin functions", WARNING, f"{shown(artifacts)} is missing", "run `gwctl build lambda` before a deploy"
        )


def of_environment(place: Place) -> Iterator[Finding]:
    """Credentials, state, service, policy of one environment. Ends early when there is no way in."""
    try:
        environment = fleet.load(place)
    except UserError as error:
        yield Finding("file", FAILED, str(error), "correct it")
        return
    yield from _file(place)
    running = emulator.current(place.project) if environment.emulated else None
    if environment.emulated and running is None:
        yield Finding("emulated AWS", SKIPPED, "it does not run", f"start it with `gwctl deploy {place.name}`")
        return
    target = Target(place, environment, running.url if running else None)
    try:
        yield Finding("credentials", OK, aws.check_account(target))
    except UserError as error:
        yield Finding("credentials", FAILED, str(error), "log in with the account that is named")
        return
    if not (environment.emulated or fleet.examples_left(environment)):
        yield _images(target)
    yield from _state(target)
    yield from _built(target)


def _programs(project: Project) -> Iterator[Finding]:
    try:
        found = tools.find(project)
    except UserError as error:
        yield Finding("terraform", FAILED, str(error), "install it")
        return
    yield Finding("terraform", OK, f"{found.terraform} at {shown(found.terraform.path)}")
    for name in _OPTIONAL:
        path = shutil.which(name, path=str(project.tools)) or shutil.which(name)
        if path:
            yield Finding(name, OK, shown(project.root.joinpath(path)))
        else:
            needed = "Terraform runs by itself" if name == "terragrunt" else "needed to check changes"
            yield Finding(name, WARNING, f"is not there: {needed}", f"scripts/install-tools {name}")


def _providers() -> Finding:
    found = mirrors.find()
    if not found:
        return Finding("providers", OK, "from Terraform's registry")
    where = ", ".join(str(mirror) for mirror in found)
    if "hashicorp/aws" in mirrors.providers(found):
        return Finding("providers", OK, f"from {where}")
    return Finding(
        "providers", WARNING, f"{where} has no AWS provider for {mirrors.this_system()}", "the registry is asked for it"
    )


def _files(project: Project) -> Finding:
    try:
        environments = fleet.load_all(project)
    except UserError as error:
        return Finding("environments", FAILED, str(error), "correct them")
    stale = [name for name, each in environments.items() if not render.is_current(project.place(name), each)]
    if stale:
        return Finding("environments", WARNING, f"{', '.join(stale)} not rendered", f"gwctl render {' '.join(stale)}")
    return Finding("environments", OK, ", ".join(environments) or "none")


def _file(place: Place) -> Iterator[Finding]:
    environment = fleet.load(place)
    left = fleet.examples_left(environment)
    if left:
        yield Finding(
            "file", FAILED, f"still has the example's {', '.join(left)}", f"write your own into {shown(place.yaml)}"
        )
    elif render.is_current(place, environment):
        yield Finding("file", OK, f"{shown(place.yaml)}, rendered")
    else:
        yield Finding("file", WARNING, f"{shown(place.tfvars)} is not current", f"gwctl render {place.name}")


def _images(target: Target) -> Finding:
    """Whether each image runs on the tasks that the environment has."""
    try:
        platforms.check(target, Crane.find(target.place.project))
    except UserError as error:
        return Finding("images", FAILED, str(error), "gwctl images list, gwctl images mirror")
    return Finding("images", OK, f"all for {platforms.wanted(target.environment)}")


def _state(target: Target) -> Iterator[Finding]:
    bucket = target.environment.state.bucket
    try:
        left = bootstrap.bootstrap(target, dry_run=True)
    except UserError as error:
        yield Finding("state bucket", FAILED, str(error), "ask for the right to read it")
        return
    if left:
        yield Finding(
            "state bucket", FAILED, f"{bucket} is not yet {', '.join(left)}", f"gwctl bootstrap {target.name}"
        )
    else:
        yield Finding("state bucket", OK, bucket)
    lock = locks.current(target)
    if lock:
        yield Finding(
            "state lock", WARNING, str(lock), "wait; if nobody is at work, `gwctl plan` says how to release it"
        )
    else:
        yield Finding("state lock", OK, "free")


def _built(target: Target) -> Iterator[Finding]:
    try:
        applied = Applied.read(target.place)
    except UserError as error:
        yield Finding("outputs", SKIPPED, str(error), f"gwctl outputs {target.name}")
        return
    yield Finding("outputs", OK, f"{len(applied.outputs)} known")
    if not target.environment.emulated:
        yield _service(target, applied)
    yield _policy(target, applied)


def _service(target: Target, applied: Applied) -> Finding:
    try:
        answer = aws.clients(target)("ecs").describe_services(
            cluster=applied.output("ecs_cluster_name"), services=[applied.output("ecs_service_name")]
        )
    except (*AWS_ERRORS, UserError) as error:
        return Finding("service", FAILED, str(error), f"gwctl outputs {target.name}")
    state = health.judge(next(iter(answer["services"]), {}))
    if state.state == "well":
        return Finding("service", OK, str(state))
    return Finding("service", FAILED, str(state), "look at the service's events and at its log groups")


def _policy(target: Target, applied: Applied) -> Finding:
    """How old the snapshot is that the agents fetch."""
    from gwctl.stores.aws.policy.snapshots import CURRENT

    bucket = applied.outputs.get("snapshot_bucket_name", "")
    try:
        head: dict[str, Any] = aws.clients(target)("s3").head_object(Bucket=bucket, Key=CURRENT)
    except ClientError as error:
        if code_of(error) in {"404", "NoSuchKey", "NotFound"}:
            return Finding("policy", WARNING, "no policy has been published", "apply one: gwctl routing apply -f FILE")
        return Finding("policy", FAILED, str(error), "ask for the right to read the snapshot bucket")
    except BotoCoreError as error:
        return Finding("policy", FAILED, str(error), "check the connection")
    age = datetime.now(UTC) - head["LastModified"]
    version = head.get("Metadata", {}).get("version", "?")
    return Finding("policy", OK, f"version {version}, published {_ago(age.total_seconds())}")


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit} ago"
    return "just now"
