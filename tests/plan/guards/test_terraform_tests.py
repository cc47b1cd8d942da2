"""The `terraform test` files of root and modules pass: no provider calls, its answers are made up."""

import shutil
from pathlib import Path

import pytest

from plan.kit.sessions import RootPlans
from plan.kit.stubs import write_admin_artifacts
from plan.kit.terraform import MODULES, ROOT, Workspace

TESTED_MODULES = sorted({path.parent.parent for path in MODULES.glob("*/tests/*.tftest.hcl")})


def test_root(root_plans: RootPlans) -> None:
    assert list((ROOT / "tests").glob("*.tftest.hcl"))
    assert "0 failed" in root_plans.workspace().run("test", "-no-color")


@pytest.mark.parametrize("module", TESTED_MODULES, ids=lambda path: path.name)
def test_module(module: Path, terraform_env: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(MODULES, tmp_path / "modules")
    directory = tmp_path / "modules" / module.name
    write_admin_artifacts(directory / "dist" / "admin")
    assert "0 failed" in Workspace(directory, terraform_env).run("test", "-no-color")
