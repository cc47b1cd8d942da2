"""What the commands on environments have in common: options, the banner, questions, what a failure is told as.

In: an environment. Out: text on stderr; stdout is for results.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gwctl.cli.options import json_option
from gwctl.cli.prose import fitted
from gwctl.core.errors import UserError

if TYPE_CHECKING:
    from gwctl.environments.deploy.building import Opened
    from gwctl.environments.file.model import Environment
    from gwctl.environments.terraform.plan import Plan
    from gwctl.environments.terraform.runner import TerraformError, TerraformRunner
    from gwctl.environments.terraform.workspace import Target

name_argument = click.argument("name", metavar="NAME")
"""An environment's name."""


def yes_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--yes`: passes `yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(function)


def dry_run_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--dry-run`: passes `dry_run`."""
    return click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")(function)


def plan_file_option(help_text: str, *, must_exist: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--plan-file FILE`: passes `plan_file`."""
    kind = click.Path(path_type=Path, dir_okay=False, exists=must_exist)
    return click.option("--plan-file", type=kind, metavar="FILE", help=help_text)


def parallelism_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--parallelism N`: passes `parallelism`."""
    return click.option(
        "--parallelism",
        type=click.IntRange(1, 100),
        default=10,
        show_default=True,
        help="How many resources Terraform works on at once.",
    )(function)


def lock_seconds_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--lock-seconds N`: passes `lock_seconds`."""
    return click.option(
        "--lock-seconds",
        type=click.IntRange(0, 3600),
        default=20,
        show_default=True,
        help="How long to wait for somebody else who is at work on it.",
    )(function)


def terraform_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What all commands that run Terraform take: passes `parallelism`, `lock_seconds` and `as_json`."""
    return parallelism_option(lock_seconds_option(json_option(function)))


def banner(name: str, environment: "Environment", doing: str) -> None:
    """Say what is about to be worked on, before anything is called."""
    kind = "emulated AWS" if environment.emulated else "PRODUCTION" if environment.production else "not production"
    colour = "red" if environment.production else "cyan"
    lines = (
        ("environment", f"{name} ({kind})"),
        ("account", environment.account_id),
        ("region", environment.region),
    )
    said(click.style(doing, bold=True))
    for label, value in lines:
        said(f"  {label:<12} {click.style(value, fg=colour, bold=True)}")


def opened(opened_environment: "Opened", doing: str) -> None:
    """The banner, and what there is to know."""
    banner(opened_environment.target.name, opened_environment.target.environment, doing)
    for note in opened_environment.notes:
        said(fitted(note))


def said(line: str) -> None:
    """A line on stderr."""
    click.echo(line, err=True)


def confirm(question: str, *, yes: bool) -> None:
    """Ask, unless told not to. Raises UserError where nobody can answer, click.Abort on no."""
    if yes:
        return
    somebody_there("--yes")
    if not click.confirm(question, err=True):
        raise click.Abort


def confirm_name(name: str, what: str, *, given: str | None) -> None:
    """Ask for the environment's name. Raises UserError: another one was given, or nobody can answer."""
    if given is None:
        somebody_there(f"--confirm {name}")
        given = click.prompt(f"{what} Type the environment's name to go on", err=True, default="", show_default=False)
    if given != name:
        raise UserError(f"{given or 'nothing'} is not {name}; nothing was destroyed")


def somebody_there(option: str) -> None:
    """Raises UserError: nobody can answer a question. The option makes that it is not asked."""
    if not sys.stdin.isatty():
        raise UserError(f"there is nobody to ask: stdin is no terminal; nothing was changed; say {option}")


def failed(error: "TerraformError", runner: "TerraformRunner", target: "Target", again: str) -> UserError:
    """What a person is told when Terraform fails: each error, where, what to do; then what was interrupted or left."""
    from gwctl.environments.project import shown
    from gwctl.environments.terraform.advice import advice

    lines = [f"terraform {error.command} failed"]
    failures = list(dict.fromkeys(error.failures))
    for failure in failures:
        what = failure.address or failure.where or error.command
        text = failure.summary if not failure.detail else f"{failure.summary}: {' '.join(failure.detail.split())}"
        lines += ["", f"  {what}", f"    {text}"]
        if failure.where and failure.address:
            lines.append(f"    in {failure.where}")
        hint = advice(f"{failure.summary} {failure.detail}", emulated=target.endpoint is not None)
        if hint:
            lines.append(f"    → {hint}")
    if not failures:
        lines += ["", *(f"  {line}" for line in last_words(error))]
        hint = advice("\n".join(lines))
        if hint:
            lines.append(f"    → {hint}")
    lines.append("")
    lines += lock_report(runner, target)
    if error.command == "apply":
        lines.append(f"What was done is in the state: `{again}` goes on from there.")
    lines.append(f"All that Terraform said is in {shown(target.place.log)}.")
    return UserError("\n".join(lines))


def last_words(error: "TerraformError") -> list[str]:
    """The end of what Terraform or Terragrunt said, without colours."""
    text = click.unstyle(error.done.err or error.done.out)
    return [line.rstrip() for line in text.splitlines() if line.strip(" │╷╵")][-15:] or [
        f"It ended with {error.done.code}."
    ]


def lock_report(runner: "TerraformRunner", target: "Target") -> list[str]:
    """Whether a lock is left on the state, and how to release it; [] when there is none."""
    from gwctl.environments.terraform import locks, tools
    from gwctl.environments.terraform.workspace import unlock_command

    lock = locks.current(target)
    if lock is None:
        return ["No lock is left."] if runner.interrupts.count else []
    command = unlock_command(target, tools.find(target.place.project), lock.id)
    return [
        f"The state has a {lock}. If nobody is at work on it, release it:",
        f"  {command}",
        *(
            ["  (with AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID=x and AWS_SECRET_ACCESS_KEY=x for the emulated AWS)"]
            if target.endpoint
            else []
        ),
    ]


def watch_interrupts(runner: "TerraformRunner") -> None:
    """Say what a Ctrl-C does."""

    def told(count: int) -> None:
        if count == 1:
            said("\nStopping: Terraform ends what it has begun, and writes its state. This can take minutes.")
        else:
            said("Terraform is still writing. It would lose track of what it has built if it were stopped harder.")

    runner.interrupts.told = told


def interrupted(runner: "TerraformRunner", target: "Target", again: str) -> None:
    """After a Ctrl-C: say what is left, and end with the exit code for it. Nothing happens when there was none."""
    if not runner.interrupts.count:
        return
    for line in lock_report(runner, target):
        said(line)
    said(f"Stopped. What was done is in the state: `{again}` goes on from there.")
    raise click.Abort


def show_plan(plan: "Plan") -> None:
    """The plan for people, on stderr: in front of the question."""
    from gwctl.cli.environments.plan_view import lines_of

    for line in lines_of(plan):
        said(line)
