"""A checkout with the real root module, to build in an emulated AWS. In: a directory. Out: gwctl's commands in it.

A copy, because Terraform and Terragrunt leave files there, and because tests change the environment.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwctl.environments.deploy import emulator, smoke
from gwctl.environments.project import Project
from plan.kit.stubs import write_admin_artifacts
from support.checkout import copy_checkout
from support.environment import BIN, clean_environment
from support.processes import wait_until
from support.scripts import ROOT
from support.session import measured

PARALLELISM = os.environ.get("GWCTL_TEST_PARALLELISM", "10")
"""Most of an apply is waiting; more at once costs no more in all."""

FEATURES = """
multi_client:
  reports: {scopes: [read], token_minutes: 15}
cost_attribution:
  budget: {monthly_usd: 100}
bedrock_guardrails:
  default: {pii: {EMAIL: ANONYMIZE}}
fallback_routing:
  routes:
    fast:
      targets:
        - {provider: anthropic, model: claude-fast}
        - {provider: openai, model: gpt-fast}
"""
"""Every opt-in feature that an environment's file has."""


@dataclass(frozen=True)
class Checkout:
    """A checkout; `home` is the home directory of who works in it."""

    root: Path
    home: Path

    @property
    def project(self) -> Project:
        return Project(self.root)

    @property
    def yaml(self) -> Path:
        return self.root / "environments" / "local" / "environment.yaml"

    def gwctl(self, *arguments: str, seconds: float = 600, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [BIN / "gwctl", *arguments],
            cwd=self.root,
            env={**self._environment(), **variables},
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def json(self, *arguments: str, seconds: float = 600) -> Any:
        """Run a command that must succeed; what it printed as JSON. How long it took is told at the end of the run."""
        began = time.monotonic()
        done = self.gwctl(*arguments, "--json", seconds=seconds)
        measured.LINES.append(f"{time.monotonic() - began:4.0f} s  gwctl {' '.join(arguments)}")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def conformance(self, *, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        """Run the smoke suite's conformance test against what is deployed."""
        return subprocess.run(
            [BIN / "python", "-m", "pytest", "-qsp", "no:cacheprovider", "tests/smoke/test_conformance.py"],
            cwd=self.root,
            env={**self._environment(), "PYTEST_ADDOPTS": "", smoke.VARIABLE: "local"},
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def begin(self, *arguments: str, errors: Path) -> subprocess.Popen[bytes]:
        """Start a command; its stderr goes to a file."""
        with errors.open("wb") as file:
            return subprocess.Popen(
                [BIN / "gwctl", *arguments],
                cwd=self.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=file,
                start_new_session=True,
            )

    def edit(self, old: str, new: str) -> None:
        """Change the environment's file; what is replaced must be there."""
        text = self.yaml.read_text()
        assert old in text
        self.yaml.write_text(text.replace(old, new))

    @contextmanager
    def without_terragrunt(self) -> Iterator[None]:
        """As where there is none."""
        link = self.root / ".tools" / "bin" / "terragrunt"
        target = link.readlink()
        link.unlink()
        try:
            yield
        finally:
            link.symlink_to(target)

    def stop(self) -> None:
        """End the emulated AWS."""
        emulator.stop(self.project)

    def _environment(self) -> dict[str, str]:
        kept = {
            name: os.environ[name]
            for name in ("GWCTL_PROVIDER_MIRROR", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "HTTPS_PROXY", "GOPATH")
            if name in os.environ
        }
        kept["GOGC"] = "400"  # Terraform's memory for its time
        # A deploy goes without the conformance suite: a test of its own runs it, so that its failure is no other's.
        kept["PYTEST_ADDOPTS"] = "-k 'not conforms'"
        return {**clean_environment(self.home), **kept, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def make_checkout(root: Path, *, terragrunt: bool) -> Checkout:
    """A copy of what is built; with Terragrunt if that is wanted and there."""
    copied = ("infrastructure", "modules", "environments", "terragrunt.hcl", "pyproject.toml")
    copy_checkout(root, *copied, links=("tests",))
    write_admin_artifacts(root / "dist" / "admin")
    found = terragrunt_binary()
    if terragrunt and found:
        (root / ".tools" / "bin").mkdir(parents=True)
        (root / ".tools" / "bin" / "terragrunt").symlink_to(found)
    home = root.with_name(f"{root.name}-home")
    home.mkdir()
    return Checkout(root, home)


def terragrunt_binary() -> Path | None:
    """Where scripts/install-tools has put it, or the PATH has it."""
    own = ROOT / ".tools" / "bin" / "terragrunt"
    found = str(own) if own.exists() else shutil.which("terragrunt")
    return Path(found).resolve() if found else None


def press_ctrl_c(process: subprocess.Popen[bytes], errors: Path, when: str, seconds: float = 120) -> None:
    """Send one SIGINT when the text has appeared on stderr."""
    wait_until(lambda: when in errors.read_text() or process.poll() is not None, f"{when!r} on stderr", seconds)
    assert process.poll() is None, errors.read_text()
    process.send_signal(signal.SIGINT)
