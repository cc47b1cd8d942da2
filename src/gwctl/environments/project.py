"""Where things are in the checkout. In: a directory in it. Out: the paths of environments, root module, work files."""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from gwctl.core.errors import UserError

NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,17}[a-z0-9]\Z")
"""An environment's name: Terraform adds a prefix, and AWS limits the whole to 20 characters (see `model.py`)."""

_UNIT: Final = "terragrunt.hcl"


@dataclass(frozen=True)
class Project:
    """A checkout of this repository; `root` is absolute."""

    root: Path

    @classmethod
    def find(cls) -> "Project":
        """The nearest checkout upwards from here. Raises UserError where there is none."""
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / _UNIT).is_file() and (folder / "infrastructure").is_dir():
                return cls(folder)
        raise UserError(
            f"there is no {_UNIT} with infrastructure/ beside it in {here} or above; run this in a checkout of gwctl"
        )

    @cached_property
    def environments(self) -> Path:
        """One directory for each environment."""
        return self.root / "environments"

    @cached_property
    def infrastructure(self) -> Path:
        """The root module."""
        return self.root / "infrastructure"

    @cached_property
    def modules(self) -> Path:
        """What the root module uses."""
        return self.root / "modules"

    @cached_property
    def artifacts(self) -> Path:
        """What `gwctl build lambda` writes, and the root module reads."""
        return self.root / "dist" / "admin"

    @cached_property
    def smoke_suite(self) -> Path:
        """Tests of a deployed gateway."""
        return self.root / "tests" / "smoke"

    @cached_property
    def tools(self) -> Path:
        """Where scripts/install-tools puts programs."""
        return self.root / ".tools" / "bin"

    @cached_property
    def work(self) -> Path:
        """Files of ours that belong to nobody's version control."""
        return self.root / ".gwctl" / "environments"

    def names(self) -> list[str]:
        """The environments that there are, in alphabetical order."""
        return sorted(path.parent.name for path in self.environments.glob("*/environment.yaml"))

    def place(self, name: str) -> "Place":
        """The place of an environment, which must exist. Raises UserError."""
        names = self.names()
        if name not in names:
            known = f"known are {', '.join(names)}" if names else "there is none yet"
            raise UserError(
                f"there is no environment {name} in {self.environments}; {known}; `gwctl environments new` writes one"
            )
        return Place(self, name)


@dataclass(frozen=True)
class Place:
    """Where the files of one environment are."""

    project: Project
    name: str

    @cached_property
    def directory(self) -> Path:  # noqa: D102 - the names say it, here and below
        return self.project.environments / self.name

    @cached_property
    def yaml(self) -> Path:
        """What a person edits."""
        return self.directory / "environment.yaml"

    @cached_property
    def tfvars(self) -> Path:
        """What Terraform reads; rendered."""
        return self.directory / "terraform.tfvars"

    @cached_property
    def work(self) -> Path:
        """Work files, readable by the owner alone: the log of the last run, the applied outputs, Terraform's data."""
        return self.project.work / self.name

    @cached_property
    def applied(self) -> Path:
        """What the last apply gave; see `applied.py`."""
        return self.work / "applied.json"

    @cached_property
    def log(self) -> Path:
        """What Terraform said during the last command."""
        return self.work / "terraform.log"

    def create_work(self) -> Path:
        """Make the directory of work files."""
        self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = self.project.root / ".gwctl" / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        return self.work


def shown(path: Path) -> str:
    """A path as short as it works from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
