"""The programs that build an environment. In: the checkout, PATH. Out: where each is, and its version.

Terraform has to be there. Terragrunt is used where it is: from PATH, or from scripts/install-tools in the checkout.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gwctl.core.errors import UserError
from gwctl.environments.project import Project

OLDEST_TERRAFORM: Final = (1, 11, 0)
"""The root module asks for it; S3 keeps locks by itself from 1.10 on."""
OLDEST_TERRAGRUNT: Final = (1, 0, 0)
ANSWER_SECONDS: Final = 60.0
"""How long a program may take to tell its version; the first start of a new binary can be slow."""


@dataclass(frozen=True)
class Tool:
    """A program and its version."""

    path: Path
    version: tuple[int, ...]

    def __str__(self) -> str:
        return ".".join(str(part) for part in self.version)


@dataclass(frozen=True)
class Tools:
    """What builds environments. `terragrunt` is None where there is none: then Terraform runs by itself."""

    terraform: Tool
    terragrunt: Tool | None


def find(project: Project, environment: Mapping[str, str] | None = None) -> Tools:
    """The programs. Raises UserError: there is no Terraform, or one that is too old."""
    variables = os.environ if environment is None else environment
    terraform = _terraform(variables)
    terragrunt = _which("terragrunt", project, variables)
    if terragrunt is None:
        return Tools(terraform, None)
    tool = Tool(terragrunt, _version(_answer(terragrunt, "--version"), terragrunt))
    if tool.version < OLDEST_TERRAGRUNT:
        raise UserError(f"{terragrunt} is Terragrunt {tool}, which is too old; run scripts/install-tools terragrunt")
    return Tools(terraform, tool)


def _terraform(variables: Mapping[str, str]) -> Tool:
    named = variables.get("TG_TF_PATH")
    found = shutil.which(named or "terraform", path=variables.get("PATH"))
    if not found:
        what = f"TG_TF_PATH names {named}, which cannot be run" if named else "there is no terraform on the PATH"
        raise UserError(f"{what}; install Terraform 1.11 or later, for example with `mise install terraform`")
    path = Path(found)
    try:
        version = json.loads(_answer(path, "version", "-json"))["terraform_version"]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path} does not tell a Terraform version; put Terraform 1.11 or later on the PATH") from None
    tool = Tool(path, _version(version, path))
    if tool.version < OLDEST_TERRAFORM:
        raise UserError(f"{path} is Terraform {tool}; install 1.11 or later, for example with `mise install terraform`")
    return tool


def _which(name: str, project: Project, variables: Mapping[str, str]) -> Path | None:
    """The checkout's own first: its version is the pinned one."""
    places = os.pathsep.join([str(project.tools), variables.get("PATH", os.defpath)])
    found = shutil.which(name, path=places)
    return Path(found) if found else None


def _answer(path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"{path} cannot be run ({error}); install it again") from error
    return done.stdout


def _version(text: str, path: Path) -> tuple[int, ...]:
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    if not match:
        raise UserError(f"{path} does not tell its version; install it again")
    return tuple(int(part) for part in match.groups())
