"""What holds between environments."""

import re
from pathlib import Path

import pytest

from gwctl.environments.file import fleet, render
from gwctl.environments.file.problems import EnvironmentFileError
from unit.environments.checkout import YAML, environment_of, make_project, replaced

OTHER = replaced("10.1.0.0/16", "10.2.0.0/16")


def test_environments_that_do_not_touch_are_fine(tmp_path: Path):
    assert set(fleet.load_all(make_project(tmp_path, one=YAML, two=OTHER))) == {"one", "two"}


@pytest.mark.parametrize("cidr", ["10.1.0.0/16", "10.1.4.0/22"])
def test_address_ranges_must_not_overlap(tmp_path: Path, cidr: str):
    project = make_project(tmp_path, one=YAML, two=replaced("10.2.0.0/16", cidr, OTHER))
    with pytest.raises(
        EnvironmentFileError,
        match=f"two/environment.yaml:15:3: network.cidr {cidr} overlaps 10.1.0.0/16 of one; choose another",
    ):
        fleet.load_all(project)


def test_an_emulated_environment_may_have_any_range(tmp_path: Path):
    emulated = f"{YAML}emulated: true\n"
    assert len(fleet.load_all(make_project(tmp_path, one=YAML, two=emulated))) == 2


def test_a_free_range_overlaps_nothing(tmp_path: Path):
    project = make_project(tmp_path, one=replaced("10.1.0.0/16", "10.10.0.0/16"))
    assert fleet.free_range({"one": environment_of(project, "one")}) == "10.20.0.0/16"


def test_what_is_left_of_an_example_is_named(tmp_path: Path):
    text = replaced("123456789013", "111122223333", f"{YAML}observability: {{emails: [a@example.com]}}\n")
    left = fleet.examples_left(environment_of(make_project(tmp_path, one=text), "one"))
    assert left == ["account_id 111122223333", "observability.emails a@example.com"]


GITHUB = """\
github:
  repository: {owner: acme, owner_id: "123", name: gateway, id: "456"}
"""


def test_roles_are_not_made_for_the_examples_repository(tmp_path: Path):
    text = YAML + GITHUB
    assert fleet.examples_left(environment_of(make_project(tmp_path / "own", one=text), "one")) == []
    example = text.replace("acme", "example-org")
    left = fleet.examples_left(environment_of(make_project(tmp_path / "example", one=example), "one"))
    assert left == ["github.repository.owner example-org"]


def test_the_roles_of_workflows_know_where_the_state_is(tmp_path: Path):
    with_roles = environment_of(make_project(tmp_path / "with", one=YAML + GITHUB), "one")
    assert render.variables(with_roles, "one")["state_bucket"] == "team-state"
    without = environment_of(make_project(tmp_path / "without", one=YAML), "one")
    assert {"github", "state_bucket"} & render.variables(without, "one").keys() == set()


@pytest.mark.parametrize("wrong", ['id: "*"', "id: 456", 'name: "*"', 'owner: "a?"'])
def test_a_repository_is_named_exactly(tmp_path: Path, wrong: str):
    field = wrong.partition(":")[0]
    text = re.sub(rf"\b{field}: [^,}}]+", wrong, GITHUB)
    with pytest.raises(EnvironmentFileError, match=f"github.repository.{field}"):
        environment_of(make_project(tmp_path, one=YAML + text), "one")
