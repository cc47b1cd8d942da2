"""The steps of plan, deploy and destroy that need no Terraform."""

from pathlib import Path

import pytest

from gwctl.core.errors import UserError
from gwctl.environments.deploy import building
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.terraform.plan import Change, Plan
from gwctl.environments.terraform.workspace import Target
from unit.environments.checkout import YAML, emulated_target, make_project, replaced


def test_an_example_is_not_built(tmp_path: Path):
    project = make_project(tmp_path, dev=replaced("123456789013", "111122223333"))
    with pytest.raises(UserError, match=r"still has what the example has: account_id 111122223333; write your own"):
        building.open_environment(project, "dev")
    assert not project.place("dev").tfvars.exists()


def test_an_emulated_environment_has_the_emulators_account(tmp_path: Path):
    project = make_project(tmp_path, dev=f"{YAML}emulated: true\n")
    with pytest.raises(
        UserError, match='account_id 123456789013 is not that of the emulated AWS; write "123456789012"'
    ):
        building.open_environment(project, "dev")


def test_an_unknown_environment_is_told_with_those_that_there_are(tmp_path: Path):
    with pytest.raises(UserError, match=r"there is no environment prod in .*; known are dev"):
        make_project(tmp_path, dev=YAML).place("prod")


def test_without_the_admin_functions_they_are_built_before_anything_is_begun(tmp_path: Path):
    told: list[str] = []
    with pytest.raises(UserError, match=r"there is no .*requirements/lambda.txt; run this in a complete checkout"):
        building.prepare_artifacts(make_project(tmp_path), told.append)
    assert told == ["Building the admin API's functions"]


def test_a_plan_is_readable_by_its_owner_alone_and_gone_afterwards(tmp_path: Path):
    place = make_project(tmp_path, dev=YAML).place("dev")
    with building.plan_file(place, None) as file:
        assert file.is_absolute()
        assert file.stat().st_mode & 0o777 == 0o600
    assert not file.exists()


def test_a_plan_that_is_to_be_kept_stays_and_is_as_private(tmp_path: Path):
    place = make_project(tmp_path, dev=YAML).place("dev")
    kept = tmp_path / "kept"
    kept.write_text("old")
    kept.chmod(0o644)
    with building.plan_file(place, kept) as file:
        assert file == kept
    assert kept.stat().st_mode & 0o777 == 0o600


def test_one_gwctl_is_at_work_on_an_environment(tmp_path: Path):
    place = make_project(tmp_path, dev=YAML).place("dev")
    with (
        building.alone(place),
        pytest.raises(UserError, match="another gwctl is at work on dev"),
        building.alone(place),
    ):
        pass
    with building.alone(place):
        pass


def plan_with(*changes: Change) -> Plan:
    return Plan("dev", "123456789012", "1.11.4", changes, ())


def test_what_aws_will_not_delete_stops_a_destruction_before_it_begins(tmp_path: Path):
    protected = Change("module.networking.aws_lb.this", "aws_lb", "destroy", protected=True)
    with pytest.raises(
        UserError, match=r"AWS will not delete module\.networking\.aws_lb\.this.*nothing has been destroyed"
    ):
        building.refuse_protected(plan_with(protected), emulated_target(tmp_path))


def test_what_is_not_protected_may_go(tmp_path: Path):
    building.refuse_protected(plan_with(Change("aws_vpc.this", "aws_vpc", "destroy")), emulated_target(tmp_path))


OUTPUTS = {
    "gateway_url": {"value": "https://ai.example.net", "sensitive": False},
    "password": {"value": "hunter2", "sensitive": True},
}


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return emulated_target(tmp_path, "http://127.0.0.1:1")


def test_what_was_built_can_be_read_again(target: Target):
    written = Applied.of(target, OUTPUTS)
    written.write(target.place)
    assert Applied.read(target.place) == written
    assert written.endpoint == "http://127.0.0.1:1"
    assert written.output("gateway_url") == "https://ai.example.net"


def test_sensitive_outputs_are_named_and_not_kept(target: Target):
    Applied.of(target, OUTPUTS).write(target.place)
    assert Applied.read(target.place).sensitive == ("password",)
    assert "hunter2" not in target.place.applied.read_text()
    assert target.place.applied.stat().st_mode & 0o777 == 0o600


def test_what_was_not_built_is_told_with_what_to_do(target: Target):
    with pytest.raises(UserError, match="run `gwctl outputs dev`, or `gwctl deploy dev`"):
        Applied.read(target.place)


def test_an_output_that_there_is_not_is_told_with_those_that_there_are(target: Target):
    with pytest.raises(UserError, match="dev has no output url; known are gateway_url"):
        Applied.of(target, OUTPUTS).output("url")
