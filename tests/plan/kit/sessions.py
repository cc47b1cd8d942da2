"""Plans of examples and environments, each made when it is first asked for, and as few Terraform runs as possible."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import tftest

from plan.kit.examples import Example, module_examples
from plan.kit.stubs import write_admin_artifacts
from plan.kit.terraform import ENVIRONMENTS, MODULES, ROOT, Workspace
from plan.kit.tfplan import Plan

_PROVIDER: Final = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
"""


class ModulePlans:
    """The plans of modules' examples. All are planned together, which takes a tenth of the time; when that fails each
    is planned by itself, so that only the broken ones fail."""

    def __init__(self, directory: Path, env: Mapping[str, str]) -> None:
        self._directory = directory
        self._env = env
        self._together: Plan | None = None
        self._failed = False

    def of(self, example: Example) -> Plan:
        """The plan of one example."""
        if self._together is None and not self._failed:
            try:
                self._together = self._plan("together", module_examples())
            except tftest.TerraformTestError:
                self._failed = True
        together = self._together or self._plan(example.name, [example])
        return together.inside(f"module.{example.name}")

    def _plan(self, name: str, examples: list[Example]) -> Plan:
        directory = self._directory / name
        write_admin_artifacts(directory / "dist" / "admin")
        calls = [_PROVIDER]
        for example in examples:
            folder = directory / "examples" / example.name
            folder.mkdir(parents=True)
            (folder / "modules").symlink_to(MODULES)
            (folder / "main.tf").write_text(example.code)
            calls.append(f'module "{example.name}" {{\n  source = "./examples/{example.name}"\n}}\n')
        (directory / "main.tf").write_text("\n".join(calls))
        return Workspace(directory, self._env).plan()


class RootPlans:
    """The plans of the root module's examples, from one copy of it. Its provider block is the real one."""

    def __init__(self, directory: Path, env: Mapping[str, str]) -> None:
        self._directory = directory
        self._env = env
        self._plans: dict[str, Plan] = {}
        self._workspace: Workspace | None = None
        self.artifacts = directory / "dist" / "admin"

    def workspace(self) -> Workspace:
        """The copy, initialised."""
        if self._workspace is None:
            write_admin_artifacts(self.artifacts)
            self._workspace = Workspace(copy_root(self._directory), self._env)
        return self._workspace

    def of(self, example: Example) -> Plan:
        """The plan with the variables of one example."""
        if example.name not in self._plans:
            variables = self._directory / f"{example.name}.tfvars"
            variables.write_text(example.code)
            self._plans[example.name] = self.workspace().plan([variables])
        return self._plans[example.name]


class EnvironmentPlans:
    """The plans of the environments as they are rendered, made in one Terraform run.

    They are of several accounts, so the root's own provider block, which refuses all but one, is left out.
    """

    def __init__(self, directory: Path, env: Mapping[str, str]) -> None:
        self._directory = directory
        self._env = env
        self._together: Plan | None = None

    def of(self, name: str) -> Plan:
        """The plan of one environment, its addresses as the root module has them."""
        self._together = self._together or self._plan()
        return self._together.inside(f"module.{name}")

    def _plan(self) -> Plan:
        copy_root(self._directory, without="providers.tf")
        write_admin_artifacts(self._directory / "dist" / "admin")
        calls = [_PROVIDER]
        for variables in sorted(ENVIRONMENTS.glob("*/terraform.tfvars")):
            name = variables.parent.name
            calls.append(f'module "{name}" {{\n  source = "../infrastructure"\n{variables.read_text()}}}\n')
            calls.append(f'output "{name}" {{\n  value = module.{name}\n}}\n')
        together = self._directory / "together"
        together.mkdir()
        (together / "main.tf").write_text("\n".join(calls))
        return Workspace(together, self._env).plan()


def copy_root(directory: Path, *, without: str = "") -> Path:
    """Copies the root module beside a link to the modules, one file left out; returns where it is."""
    (directory / "modules").symlink_to(MODULES)
    ignore = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfplan", without)
    return Path(shutil.copytree(ROOT, directory / "infrastructure", ignore=ignore))
