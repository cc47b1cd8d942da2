"""Terraform's commands for one environment. In: an environment, programs. Out: events, a plan, outputs.

python-terraform makes each command line and knows each command's options. It is not left to run them: it can neither
pass on an environment nor a line before the end, and it would share our terminal's Ctrl-C. That is `process.py`'s.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from python_terraform import IsFlagged, Terraform

from gwctl.environments.project import Place
from gwctl.environments.terraform.events import Event, Failure, read_event, read_validation
from gwctl.environments.terraform.process import Done, Interrupts, run

NOTHING_TO_CHANGE: Final = 0
CHANGES: Final = 2
PARALLELISM: Final = 10
"""Terraform's own default: most of the time it waits for AWS."""
LOCK_SECONDS: Final = 20
"""How long to wait for somebody else who is at work on the same environment."""


class TerraformError(Exception):
    """Terraform failed. Carries what it reported, and its words where it reported nothing."""

    def __init__(self, command: str, done: Done, failures: list[Failure]) -> None:
        self.command = command
        self.done = done
        self.failures = failures
        super().__init__(f"terraform {command} ended with {done.code}: {done.err[-2000:] or done.out[-2000:]}")


class _CommandLines(Terraform):
    """python-terraform, with our way to run what it made. It never reads a state: that is in a bucket."""

    def __init__(self, binary: Path, directory: Path, run_command: Callable[[list[str]], Done]) -> None:
        self._run_command = run_command
        super().__init__(working_dir=str(directory), terraform_bin_path=str(binary))

    def read_state_file(self, file_path: str | None = None) -> None:
        """Nothing to read."""

    def cmd(self, cmd: str, *args: str, **kwargs: Any) -> Done:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run a command; python-terraform's own methods end up here too."""
        return self._run_command(self.generate_cmd_string(cmd, *args, **kwargs))


@dataclass
class TerraformRunner:
    """Runs Terraform, by itself or by Terragrunt, in a directory prepared for it (see `workspace.py`).

    `var_file` is None where Terragrunt adds it. `listener` gets what is reported while a command runs.
    """

    binary: Path
    directory: Path
    environment: Mapping[str, str]
    place: Place
    var_file: Path | None
    listener: Callable[[Event], None] = lambda _: None
    interrupts: Interrupts = field(default_factory=Interrupts)
    parallelism: int = PARALLELISM
    lock_seconds: int = LOCK_SECONDS
    only: tuple[str, ...] = ()
    """Addresses that a plan is limited to, with what they need; empty: everything."""
    refresh: bool = True
    """Whether a plan asks AWS what is there. One that does not only reads the state, so it takes no lock either."""

    def init(self) -> None:
        """Fetch providers, connect to the state. Raises TerraformError."""
        # Without -reconfigure: a state in another bucket than before has to be moved, not forgotten.
        self._call("init", "init", backend=None, json=IsFlagged, reconfigure=None, var=None, var_file=None)

    def validate(self) -> None:
        """Check the configuration. Raises TerraformError."""
        done = self._call("validate", "cmd", "validate", ok={0, 1}, json=IsFlagged)
        failures = read_validation(done.out)
        if done.code or failures:
            raise TerraformError("validate", done, failures)

    def plan(self, file: Path, *, destroy: bool) -> bool:
        """Write a plan to `file`; says whether it changes anything. Raises TerraformError."""
        done = self._call(
            "plan",
            "plan",
            ok={NOTHING_TO_CHANGE, CHANGES},
            destroy=IsFlagged if destroy else None,
            json=IsFlagged,
            lock=None if self.refresh else False,
            lock_timeout=f"{self.lock_seconds}s",
            out=str(file),
            parallelism=self.parallelism,
            refresh=None if self.refresh else False,
            target=list(self.only) or None,
            var=None,
            var_file=str(self.var_file) if self.var_file else None,
        )
        return done.code == CHANGES

    def show(self, file: Path) -> dict[str, Any]:
        """The plan in `file` as `terraform show -json` has it. It holds secrets: see `plan.py`."""
        return json.loads(self._call("show", "cmd", "show", str(file), json=IsFlagged, quiet=True).out)

    def apply(self, file: Path) -> None:
        """Carry out the plan in `file`. Raises TerraformError."""
        self._call(
            "apply",
            "apply",
            str(file),
            json=IsFlagged,
            lock_timeout=f"{self.lock_seconds}s",
            parallelism=self.parallelism,
            skip_plan=True,
            var=None,
            var_file=None,
        )

    def output(self) -> dict[str, Any]:
        """Name → `{"value", "sensitive", "type"}`."""
        return json.loads(self._call("output", "cmd", "output", json=IsFlagged, quiet=True).out)

    def _call(
        self,
        name: str,
        method: str,
        *arguments: str,
        ok: frozenset[int] | set[int] = frozenset({0}),
        quiet: bool = False,
        **options: Any,
    ) -> Done:
        """Call a method of python-terraform. `quiet`: the log gets nothing, for there can be secrets in it."""
        failures: list[Failure] = []

        def heard(line: str) -> None:
            event = read_event(line)
            if event and event.failure:
                failures.append(event.failure)
            if event:
                self.listener(event)

        def run_command(command: list[str]) -> Done:
            return run(
                command,
                directory=self.directory,
                environment=self.environment,
                listener=None if quiet else heard,
                interrupts=self.interrupts,
                log=None if quiet else self.place.log,
            )

        done = getattr(_CommandLines(self.binary, self.directory, run_command), method)(*arguments, **options)
        if done.code not in ok:
            raise TerraformError(name, done, failures)
        return done
