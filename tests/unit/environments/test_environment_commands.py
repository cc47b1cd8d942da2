"""`gwctl render`, `environments`, `plan`, `deploy` and the others, as far as they go without AWS and Terraform."""

import json
from pathlib import Path

import click
import pytest

from gwctl.cli.environments import deployment
from gwctl.cli.main import run
from gwctl.core.errors import UserError
from gwctl.environments.project import Project
from unit.environments.checkout import YAML, environment_of, make_project, replaced

OTHER = replaced("10.1.0.0/16", "10.2.0.0/16")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = make_project(tmp_path / "checkout", dev=YAML, other=OTHER)
    monkeypatch.chdir(project.environments)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    return project


def test_render_writes_all_environments_from_anywhere_in_the_checkout(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    assert run(["render"]) == 0
    assert {path.parent.name for path in project.environments.glob("*/terraform.tfvars")} == {"dev", "other"}
    assert "dev/terraform.tfvars has been written." in capsys.readouterr().err


def test_render_writes_the_one_that_is_named(project: Project):
    run(["render", "other"])
    assert [path.parent.name for path in project.environments.glob("*/terraform.tfvars")] == ["other"]


def test_render_check_writes_nothing_and_names_the_command(project: Project, capsys: pytest.CaptureFixture[str]):
    run(["render", "other"])
    assert run(["render", "--check"]) == 1
    assert "dev/terraform.tfvars not current; run `gwctl render dev`" in capsys.readouterr().err
    assert not project.place("dev").tfvars.exists()


def test_render_check_is_content_with_what_render_wrote(project: Project):
    run(["render"])
    assert run(["render", "--check"]) == 0


def test_outside_of_a_checkout_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert run(["render"]) == 1
    assert "run this in a checkout of gwctl" in capsys.readouterr().err


def test_a_new_environment_is_in_order_and_says_what_is_still_the_examples(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    assert run(["environments", "new", "qa"]) == 0
    said = capsys.readouterr().err
    assert "account_id 000000000000" in said
    assert environment_of(project, "qa").network.cidr == "10.10.0.0/16"
    assert run(["render", "qa"]) == 0


@pytest.mark.parametrize("more", [[], ["--production"]])
def test_a_new_environment_takes_what_it_is_told(project: Project, more: list[str]):
    arguments = ["--account-id", "123456789013", "--region", "eu-west-1", *more]
    assert run(["environments", "new", "qa", *arguments]) == 0
    environment = environment_of(project, "qa")
    assert (environment.account_id, environment.region) == ("123456789013", "eu-west-1")
    assert environment.production is bool(more)
    assert environment.availability_zones[0] == "eu-west-1a"


def test_a_new_environment_is_open_to_nobody_and_pulls_from_its_own_registry(project: Project):
    run(["environments", "new", "qa", "--account-id", "123456789013", "--region", "eu-west-1"])
    environment = environment_of(project, "qa")
    assert environment.admin_api.allowed_cidrs == ["203.0.113.0/24"]
    own = "123456789013.dkr.ecr.eu-west-1.amazonaws.com/gwctl-qa/"
    assert all(image.startswith(own) for image in environment.images.model_dump().values())
    assert environment.providers_access.secrets == ["anthropic", "azure", "google", "openai"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dev"], "there is an environment dev already"),
        (["Dev"], "Dev cannot be an environment's name"),
        (["../dev"], "../dev cannot be an environment's name"),
        (["qa", "--account-id", "12"], "account_id 12 is no AWS account"),
        (["a-name-that-is-too-long"], "cannot be an environment's name"),
    ],
)
def test_a_new_environment_that_cannot_be_leaves_nothing_behind(
    project: Project, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
):
    assert run(["environments", "new", *arguments]) == 1
    assert said in capsys.readouterr().err
    assert project.names() == ["dev", "other"]


def test_environments_are_listed_with_the_state_of_their_files(project: Project, capsys: pytest.CaptureFixture[str]):
    run(["render", "dev"])
    project.place("other").yaml.write_text("region: x\n")
    run(["environments", "list", "--json"])
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["dev"]["state"] == "rendered"
    assert rows["dev"]["account_id"] == "123456789013"
    assert rows["other"]["state"].endswith("problems")


def test_the_schema_can_be_checked(project: Project, capsys: pytest.CaptureFixture[str]):
    assert run(["environments", "schema", "--check"]) == 1
    assert "run `gwctl environments schema`" in capsys.readouterr().err
    assert run(["environments", "schema"]) == 0
    assert run(["environments", "schema", "--check"]) == 0


@pytest.mark.parametrize("command", ["plan", "deploy", "destroy", "outputs", "bootstrap", "doctor"])
def test_an_unknown_environment_is_one_sentence(project: Project, capsys: pytest.CaptureFixture[str], command: str):
    assert run([command, "nope"]) == 1
    captured = capsys.readouterr()
    assert "there is no environment nope" in captured.err
    assert captured.out == ""


def test_the_banner_comes_before_any_call(project: Project, capsys: pytest.CaptureFixture[str]):
    """Nothing answers here, so the first call fails: what is printed before that is the banner."""
    assert run(["bootstrap", "dev"]) == 1
    said = capsys.readouterr().err
    banner, _, rest = said.partition("Error:")
    assert [line.split() for line in banner.splitlines()] == [
        ["Bootstrap"],
        ["environment", "dev", "(not", "production)"],
        ["account", "123456789013"],
        ["region", "eu-central-1"],
    ]
    assert "there are no AWS credentials that work" in rest


@pytest.mark.parametrize("command", [["plan", "dev"], ["deploy", "dev", "--yes"], ["destroy", "dev", "--yes"]])
def test_nothing_is_built_before_it_is_the_right_account(
    project: Project, capsys: pytest.CaptureFixture[str], command: list[str]
):
    assert run(command) == 1
    said = capsys.readouterr().err
    assert "there are no AWS credentials that work" in said
    assert "Building the admin API's functions" not in said


def test_a_wrong_name_is_refused_before_any_call(project: Project, capsys: pytest.CaptureFixture[str]):
    assert run(["destroy", "dev", "--confirm", "prod"]) == 1
    assert "Error: prod is not dev; nothing was destroyed" in capsys.readouterr().err


def test_nobody_to_ask_is_told_with_the_option(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(UserError, match="there is nobody to ask: stdin is no terminal; nothing was changed; say --yes"):
        deployment.confirm("Go on?", yes=False)
    deployment.confirm("Go on?", yes=True)


def test_a_production_wants_its_name(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UserError, match="say --confirm prod"):
        deployment.confirm_name("prod", "This destroys everything.", given=None)
    with pytest.raises(UserError, match="dev is not prod; nothing was destroyed"):
        deployment.confirm_name("prod", "This destroys everything.", given="dev")
    deployment.confirm_name("prod", "This destroys everything.", given="prod")


def test_a_name_that_is_typed_is_compared(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "prod ")
    with pytest.raises(UserError, match="is not prod; nothing was destroyed"):
        deployment.confirm_name("prod", "This destroys everything.", given=None)


def test_only_an_emulated_aws_can_be_thrown_away(project: Project, capsys: pytest.CaptureFixture[str]):
    assert run(["destroy", "dev", "--discard", "--yes"]) == 1
    assert "dev is in a real AWS, which cannot be thrown away" in capsys.readouterr().err


def test_doctor_tells_what_is_missing_and_what_to_do(project: Project, capsys: pytest.CaptureFixture[str]):
    run(["doctor", "--json"])
    found = {each["what"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["environments"]["fix"] == "gwctl render dev other"
    assert found["admin functions"]["fix"] == "run `gwctl build lambda` before a deploy"
    assert found["gateway"]["state"] == "skipped"


def test_doctor_of_an_environment_ends_with_1_when_there_is_no_way_in(
    project: Project, capsys: pytest.CaptureFixture[str]
):
    run(["render"])
    assert run(["doctor", "dev", "--json"]) == 1
    found = {each["what"]: each["state"] for each in json.loads(capsys.readouterr().out)}
    assert found == {"file": "ok", "credentials": "failed"}
