"""`gwctl docs`: what a person sees, and what CI gets as an exit code."""

import shutil
from pathlib import Path

import pytest

from gwctl.cli.main import cli, run
from support.checkout import planted
from support.scripts import ROOT
from tools.docs import build


@pytest.fixture
def checkout(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build.write(copied, cli)
    monkeypatch.chdir(copied)
    return copied


def test_a_problem_is_printed_with_what_mends_it_and_the_exit_code_is_1(
    checkout: Path, capsys: pytest.CaptureFixture[str]
):
    with planted(checkout, "docs/flow.md", "(auditors/data-flow.md)", "(auditors/data-flows.md)"):
        assert run(["docs", "check"]) == 1
    printed = capsys.readouterr()
    assert "the link auditors/data-flows.md leads nowhere\n    fix: sed -i" in printed.out
    assert "each one above says how to mend it" in printed.err


def test_build_says_what_it_has_written(checkout: Path, capsys: pytest.CaptureFixture[str]):
    with planted(checkout, "docs/reference/refusals.md", "", "edited\n"):
        assert run(["docs", "build"]) == 0
        assert "docs/reference/refusals.md has been written." in capsys.readouterr().err
    build.write(checkout, cli)
    assert run(["docs", "build"]) == 0
    assert "All generated pages are current." in capsys.readouterr().err


def test_controls_of_another_form_are_one_sentence(checkout: Path, capsys: pytest.CaptureFixture[str]):
    with planted(checkout, "docs/auditors/controls.yaml", "    area: Identity", "    aera: Identity"):
        assert run(["docs", "check"]) == 1
    assert "docs/auditors/controls.yaml: controls.0.area: Field required" in capsys.readouterr().err


def test_outside_of_a_checkout_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert run(["docs", "check"]) == 1


def test_a_checkout_without_its_tools_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    shutil.copy(ROOT / "terragrunt.hcl", tmp_path)
    (tmp_path / "infrastructure").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run(["docs", "check"]) == 1
    assert "has no tools/docs, which `gwctl docs` runs" in capsys.readouterr().err
