"""Where Terraform runs and what it sees: with Terragrunt the unit at the top, without it the same laid out by hand."""

import re
from pathlib import Path

import pytest

from gwctl.environments.file.loading import load
from gwctl.environments.terraform import workspace
from gwctl.environments.terraform.tools import Tool, Tools
from gwctl.environments.terraform.workspace import Target
from unit.environments.checkout import REPOSITORY, YAML, emulated_target, make_project

TERRAFORM = Tool(Path("/bin/terraform"), (1, 11, 4))
ALONE = Tools(TERRAFORM, None)
BOTH = Tools(TERRAFORM, Tool(Path("/bin/terragrunt"), (1, 0, 0)))


@pytest.fixture
def target(tmp_path: Path) -> Target:
    project = make_project(tmp_path, dev=YAML)
    (project.infrastructure / "main.tf").write_text("# main")
    (project.infrastructure / "README.md").write_text("# read me")
    (project.infrastructure / workspace.LOCK_FILE).write_text("# hashes")
    place = project.place("dev")
    return Target(place, load(place))


def test_with_terragrunt_it_runs_at_the_top_and_terragrunt_adds_the_variables(target: Target):
    runner = workspace.runner(target, BOTH, {})
    assert (runner.binary, runner.directory, runner.var_file) == (
        Path("/bin/terragrunt"),
        target.place.project.root,
        None,
    )
    assert runner.environment["TG_TF_PATH"] == "/bin/terraform"
    assert runner.environment["TG_STRICT_MODE"] == "true"
    assert runner.environment["GWCTL_ENV"] == "dev"


def test_without_it_the_same_unit_is_laid_out(target: Target):
    runner = workspace.runner(target, ALONE, {})
    assert runner.var_file == target.place.tfvars
    assert (runner.directory / "main.tf").resolve() == target.place.project.infrastructure / "main.tf"
    assert (runner.directory / "../modules").resolve() == target.place.project.modules
    assert (runner.directory / workspace.LOCK_FILE).read_text() == "# hashes"
    assert not (runner.directory / "README.md").exists()


def test_laying_it_out_again_follows_the_root_module(target: Target):
    root = workspace.lay_out(target)
    (target.place.project.infrastructure / "main.tf").unlink()
    (target.place.project.infrastructure / "other.tf").write_text("")
    (root / ".terraform").mkdir()
    assert workspace.lay_out(target) == root
    assert {path.name for path in root.glob("*.tf")} == {"other.tf", "backend.tf"}
    assert (root / ".terraform").is_dir()


def test_the_backend_is_in_the_environments_bucket_under_its_name(target: Target):
    written = (workspace.lay_out(target) / "backend.tf").read_text()
    for line in ('bucket       = "team-state"', 'key          = "dev/terraform.tfstate"', "use_lockfile = true"):
        assert line in written


def test_the_backend_has_the_settings_that_terragrunt_generates(tmp_path: Path):
    unit = (REPOSITORY / "terragrunt.hcl").read_text().partition("remote_state {")[2]
    generated = set(re.findall(r"^\s+(\w+)\s+= ", unit, re.MULTILINE)) - {
        "backend",
        "config",
        "generate",
        "path",
        "if_exists",
    }
    ours = set(workspace.backend(emulated_target(tmp_path)))
    assert generated | {"dynamodb_table"} == ours


def test_variables_that_would_change_what_is_built_are_kept_from_terraform(target: Target):
    theirs = {
        "TF_VAR_region": "x",
        "TF_CLI_ARGS_plan": "-destroy",
        "TF_WORKSPACE": "w",
        "TG_SOURCE": "s",
        "HTTPS_PROXY": "p",
    }
    seen = workspace.child_environment(target, ALONE, theirs)
    assert not {"TF_VAR_region", "TF_CLI_ARGS_plan", "TF_WORKSPACE", "TG_SOURCE"} & set(seen)
    assert seen["HTTPS_PROXY"] == "p"


def test_a_persons_credentials_reach_a_real_account(target: Target):
    assert workspace.child_environment(target, ALONE, {"AWS_PROFILE": "team"})["AWS_PROFILE"] == "team"


def test_nothing_of_a_persons_credentials_reaches_the_emulated_aws(tmp_path: Path):
    target = emulated_target(tmp_path, "http://127.0.0.1:1")
    theirs = {"AWS_PROFILE": "team", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SESSION_TOKEN": "t"}
    target.place.create_work()
    seen = workspace.child_environment(target, ALONE, theirs)
    assert "AWS_PROFILE" not in seen
    assert "AWS_SESSION_TOKEN" not in seen
    assert seen["AWS_ACCESS_KEY_ID"] == "emulated"
    assert seen["AWS_ENDPOINT_URL_S3"] == seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"


def test_how_a_lock_is_released_can_be_typed(target: Target, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(target.place.project.root)
    assert workspace.unlock_command(target, BOTH, "1a") == "GWCTL_ENV=dev /bin/terragrunt force-unlock -force 1a"
    plain = "terraform -chdir=.gwctl/environments/dev/unit/infrastructure force-unlock -force 1a"
    assert workspace.unlock_command(target, ALONE, "1a") == plain
