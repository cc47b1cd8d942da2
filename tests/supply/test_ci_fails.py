"""`.ci/run` leaves nothing out, and fails when a part of it does.

That each check finds what it is there for, its own suite shows: tests/docs/test_planted_errors, test_guardrails and
test_scanners plant a violation for every promise.
"""

import os
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.scripts import ROOT

LEAVES_OUT = re.compile(r"-[kx]\b|--(deselect|ignore|ignore-glob|lf|last-failed|sw|stepwise|maxfail|collect-only|co)\b")
"""Options of pytest with which a test is not run; `-m` is looked at by itself."""


PYTEST = """\
#!/bin/sh
echo "$*" >> notes
case "$*" in *"not alone"*) part=first code=$FIRST ;; *) part=second code=$SECOND ;; esac
echo "dots of the $part"
echo "=== short test summary info ==="
echo "of the $part"
exit "$code"
"""


@dataclass(frozen=True)
class Suite:
    """What scripts/test did with a pytest that only takes notes: its exit code, its output, the words of each call."""

    code: int
    output: str
    calls: list[list[str]]


def suite(folder: Path, first: int = 0, second: int = 0) -> Suite:
    """Runs scripts/test, with a pytest that says which part it is and ends with these codes."""
    for name in ("scripts", ".venv/bin"):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "test", folder / "scripts")
    stub = folder / ".venv" / "bin" / "pytest"
    stub.write_text(PYTEST)
    stub.chmod(0o755)
    environment = {**os.environ, "FIRST": str(first), "SECOND": str(second)}
    done = subprocess.run([folder / "scripts" / "test"], env=environment, capture_output=True, text=True, check=False)
    return Suite(done.returncode, done.stdout, [line.split() for line in (folder / "notes").read_text().splitlines()])


def test_ci_runs_the_scanners_set_up_lint_and_every_test_and_leaves_none_out(tmp_path: Path):
    targets = re.search(r"make (.+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert targets
    make = ["make", "-nB", "--no-print-directory", *targets[1].split()]  # what it would do, even what is done already
    steps = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    wanted = [
        "requirements/scan.txt",
        "gitleaks actionlint tflint crane",
        "install-tools terragrunt",
        "ruff check",
        "pyright",
    ]
    assert [step for step in wanted if step not in steps] == []
    assert steps.splitlines()[-1] == "scripts/test"
    calls = suite(tmp_path).calls
    assert [word for call in calls for word in call if LEAVES_OUT.match(word) or word.startswith("tests")] == []
    # Two halves by a marker are the whole.
    marked = sorted(" ".join(call).partition("-m ")[2].partition(" -")[0] for call in calls)
    assert marked in ([""], sorted([marked[0], f"not {marked[0]}"]))


@pytest.mark.parametrize(("first", "second", "code"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)])
def test_a_failure_in_either_part_of_the_tests_fails_and_hides_nothing(
    tmp_path: Path, first: int, second: int, code: int
):
    """CI shows the end of the log."""
    done = suite(tmp_path, first, second)
    assert done.code == code
    end = done.output.partition("dots of the second")[2]
    assert "of the second" in end
    assert "of the first" in end
    assert "dots" not in end


def test_no_setting_leaves_tests_out():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert settings["testpaths"] == ["tests"]
    assert [word for word in settings["addopts"].split() if LEAVES_OUT.match(word) or word == "-m"] == []
    assert not {"norecursedirs", "collect_ignore"} & set(settings)


def test_ci_fails_when_a_step_fails(tmp_path: Path):
    """The script itself, with a make that fails as the real one does."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    make = tmp_path / "bin" / "make"
    make.parent.mkdir()
    make.write_text('#!/bin/sh\n[ "$GWCTL_TESTS_REQUIRE_ALL" = 1 ] || exit 0\nexit 2\n')
    make.chmod(0o755)
    environment = {**os.environ, "PATH": f"{make.parent}:{os.environ['PATH']}"}
    assert subprocess.run(["bash", ".ci/run"], cwd=tmp_path, env=environment, check=False).returncode == 2
