"""`environment.yaml` → `terraform.tfvars`."""

from pathlib import Path

import pytest

from gwctl.environments.file import hcl, render
from gwctl.environments.file.render import variables
from unit.environments.checkout import YAML, environment_of, make_project


def test_the_first_line_says_that_it_is_generated_and_how(tmp_path: Path):
    project = make_project(tmp_path, dev=YAML)
    first = render.tfvars(environment_of(project, "dev"), "dev").splitlines()[0]
    assert first.startswith("# Generated from environment.yaml by `gwctl render dev`.")


def test_the_state_is_no_variable_and_the_name_is_one(tmp_path: Path):
    rendered = variables(environment_of(make_project(tmp_path, dev=YAML), "dev"), "dev")
    assert "state" not in rendered
    assert rendered["environment"] == "dev"
    assert list(rendered) == sorted(rendered)


def test_defaults_are_written_and_what_is_left_to_the_modules_is_not(tmp_path: Path):
    text = render.tfvars(environment_of(make_project(tmp_path, dev=YAML), "dev"), "dev")
    assert "snapshot_history_days = 365" in text
    assert "null" not in text
    assert "cpu_percent" not in text


def test_rendering_twice_changes_nothing(tmp_path: Path):
    project = make_project(tmp_path, dev=YAML)
    place, environment = project.place("dev"), environment_of(project, "dev")
    assert render.write(place, environment)
    assert not render.write(place, environment)


def test_a_file_that_somebody_edited_is_not_current(tmp_path: Path):
    project = make_project(tmp_path, dev=YAML)
    place, environment = project.place("dev"), environment_of(project, "dev")
    render.write(place, environment)
    place.tfvars.write_text(place.tfvars.read_text() + "\n")
    assert not render.is_current(place, environment)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", '"plain"'),
        ('a "quote" and \\', '"a \\"quote\\" and \\\\"'),
        ("${danger} %{if}", '"$${danger} %%{if}"'),
        ("two\nlines", '"two\\nlines"'),
        ("\x00", '"\\u0000"'),
        (True, "true"),
        (0.05, "0.05"),
        ([], "[]"),
        (["a", "b"], '["a", "b"]'),
        ({}, "{}"),
        ({"a": None}, "{}"),
    ],
)
def test_values_in_terraforms_language(value: object, written: str):
    assert hcl.expression(value) == written


def test_neighbouring_lines_are_aligned_and_blocks_end_a_run():
    values = {"a": 1, "long_name": 2, "block": {"inner": 1}, "b": 3, "with space": 4}
    assert hcl.attributes(values) == (
        'a         = 1\nlong_name = 2\nblock = {\n  inner = 1\n}\nb            = 3\n"with space" = 4'
    )


def test_a_long_list_has_a_line_for_each_entry():
    assert hcl.expression(["x" * 60, "y" * 60]) == f'[\n  "{"x" * 60}",\n  "{"y" * 60}",\n]'
