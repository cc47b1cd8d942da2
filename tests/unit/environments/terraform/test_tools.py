"""The programs that build an environment: which one is taken, and what is said of one that will not do."""

import tomllib
from pathlib import Path

import pytest

from gwctl.core.errors import UserError
from gwctl.environments.project import Project
from gwctl.environments.terraform import tools
from unit.environments.checkout import REPOSITORY


def program(path: Path, prints: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "checkout")


def path_of(tmp_path: Path, version: str) -> dict[str, str]:
    program(tmp_path / "bin" / "terraform", f'{{"terraform_version": "{version}"}}')
    return {"PATH": str(tmp_path / "bin")}


def test_terraform_from_the_path_is_used(tmp_path: Path, project: Project):
    found = tools.find(project, path_of(tmp_path, "1.11.4"))
    assert (str(found.terraform), found.terraform.path) == ("1.11.4", tmp_path / "bin" / "terraform")
    assert found.terragrunt is None


def test_terragrunt_of_the_checkout_comes_before_that_of_the_path(tmp_path: Path, project: Project):
    variables = path_of(tmp_path, "1.11.4")
    program(tmp_path / "bin" / "terragrunt", "terragrunt version v1.0.9")
    own = program(project.tools / "terragrunt", "terragrunt version v1.0.0")
    found = tools.find(project, variables)
    assert found.terragrunt == tools.Tool(own, (1, 0, 0))


def test_no_terraform_is_told_with_how_to_get_one(project: Project):
    with pytest.raises(UserError, match=r"there is no terraform on the PATH; install Terraform 1\.11 or later"):
        tools.find(project, {"PATH": ""})


def test_an_old_terraform_is_refused(tmp_path: Path, project: Project):
    with pytest.raises(UserError, match=r"is Terraform 1\.9\.8; install 1\.11 or later"):
        tools.find(project, path_of(tmp_path, "1.9.8"))


def test_an_old_terragrunt_is_refused(tmp_path: Path, project: Project):
    program(project.tools / "terragrunt", "terragrunt version v0.77.1")
    with pytest.raises(UserError, match=r"is Terragrunt 0\.77\.1, which is too old"):
        tools.find(project, path_of(tmp_path, "1.11.4"))


def test_something_else_of_that_name_is_refused(tmp_path: Path, project: Project):
    program(tmp_path / "bin" / "terraform", "hello")
    with pytest.raises(UserError, match="does not tell a Terraform version"):
        tools.find(project, {"PATH": str(tmp_path / "bin")})


def test_every_tool_that_the_script_installs_is_pinned():
    pinned = tomllib.loads((REPOSITORY / "mise.toml").read_text())["tools"]
    script = (REPOSITORY / "scripts" / "install-tools").read_text()
    named = script.partition("tools=(")[2].partition(")")[0].split()
    assert set(named) | {"terraform", "cosign", "syft", "trivy"} == set(pinned)
    assert all(f"\n      {name})" in script for name in named)


def test_the_pinned_versions_are_new_enough():
    pinned = tomllib.loads((REPOSITORY / "mise.toml").read_text())["tools"]
    assert tuple(map(int, pinned["terraform"].split("."))) >= tools.OLDEST_TERRAFORM
    assert tuple(map(int, pinned["terragrunt"].split("."))) >= tools.OLDEST_TERRAGRUNT
