"""All environment data of this repository: valid, rendered, and consistent with each other."""

import shutil
import subprocess

import pytest

from gwctl.environments.file import fleet, render, schema
from gwctl.environments.file.loading import load
from gwctl.environments.file.sections import FARGATE_MEMORY
from gwctl.environments.project import Project
from support.requirements import require
from unit.environments.checkout import REPOSITORY

PROJECT = Project(REPOSITORY)
NAMES = PROJECT.names()


def test_there_are_the_four_environments():
    assert set(NAMES) >= {"dev", "staging", "prod", "local"}


@pytest.mark.parametrize("name", NAMES)
def test_rendered_variables_are_current(name: str):
    place = PROJECT.place(name)
    assert render.is_current(place, load(place)), f"run `gwctl render {name}`"


def test_no_two_environments_contradict_each_other():
    assert set(fleet.load_all(PROJECT)) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_fargate_offers_the_task(name: str):
    task = load(PROJECT.place(name)).task
    assert task.memory in FARGATE_MEMORY[task.cpu]


@pytest.mark.parametrize("name", NAMES)
def test_there_may_be_as_many_tasks_as_there_must_be(name: str):
    scaling = load(PROJECT.place(name)).scaling
    assert 1 <= scaling.minimum <= scaling.maximum


@pytest.mark.parametrize("name", NAMES)
def test_the_account_is_twelve_digits(name: str):
    account = load(PROJECT.place(name)).account_id
    assert account.isdigit()
    assert len(account) == 12


@pytest.mark.parametrize("name", NAMES)
def test_every_image_is_pinned(name: str):
    images = load(PROJECT.place(name)).images.model_dump().values()
    assert all(len(image.partition("@sha256:")[2]) == 64 for image in images)


def test_production_is_the_one_that_people_depend_on():
    assert [name for name in NAMES if load(PROJECT.place(name)).production] == ["prod"]


def test_local_is_the_one_that_is_emulated():
    assert [name for name in NAMES if load(PROJECT.place(name)).emulated] == ["local"]


def test_the_emulated_environment_can_be_built_as_it_is():
    assert fleet.examples_left(load(PROJECT.place("local"))) == []


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"local"}))
def test_examples_are_told_from_real_values(name: str):
    """The repository's own environments are examples: nobody can build them by mistake."""
    assert any("account_id" in each for each in fleet.examples_left(load(PROJECT.place(name))))


def test_the_json_schema_is_current():
    assert schema.is_current(PROJECT), f"run `{schema.COMMAND}`"


def test_rendered_variables_are_as_terraform_formats_them():
    require(shutil.which("terraform") is not None, "terraform on the PATH (mise install terraform)")
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", "-diff", str(PROJECT.environments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_the_schema_accepts_what_the_model_accepts_and_knows_every_field():
    written = schema.schema()
    assert '"additionalProperties": false' in written
    for name in load(PROJECT.place("local")).model_dump():
        assert f'"{name}"' in written
