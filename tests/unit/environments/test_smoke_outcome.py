"""What is said of a run of the smoke suite: what was skipped has not passed."""

from pathlib import Path

import pytest

from gwctl.environments.deploy import smoke
from gwctl.environments.deploy.smoke import Smoke
from gwctl.environments.project import Place, Project

PASSES = "def test_a():\n    pass\n"
SKIPS = """
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_b(number):
    pytest.skip("missing: a gateway")
"""
FAILS = "def test_d():\n    assert False, 'it does not serve'\n"


def place(root: Path, *texts: str) -> Place:
    suite = root / "tests" / "smoke"
    suite.mkdir(parents=True)
    for number, text in enumerate(texts):
        (suite / f"test_{number}.py").write_text(text)
    return Place(Project(root), "dev")


@pytest.mark.parametrize(
    ("texts", "outcome"),
    [
        ((PASSES,), Smoke("passed", "1 passed")),
        ((PASSES, SKIPS), Smoke("passed", "1 passed, 2 skipped: missing: a gateway")),
        ((SKIPS,), Smoke("skipped", "2 tests, 2 skipped: missing: a gateway")),
        (("",), Smoke("not installed", "the suite has no tests")),
    ],
    ids=["all pass", "some are skipped", "all are skipped", "there is none"],
)
def test_what_was_skipped_has_not_passed(tmp_path: Path, texts: tuple[str, ...], outcome: Smoke):
    assert smoke.run(place(tmp_path, *texts), quiet=True) == outcome


def test_one_failure_is_a_failure_with_its_words(tmp_path: Path):
    outcome = smoke.run(place(tmp_path, PASSES, SKIPS, FAILS), quiet=True)
    assert outcome.state == "failed"
    assert "it does not serve" in outcome.detail
