"""`.ci/run` fails for each thing that it promises to find: the tests that it runs are run in a copy with that thing.

In: a copy of what git tracks or would track. Out: the copy passes; with one thing planted it fails, and says what.
"""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from docs.checkout import planted
from supply.copies import copy_of_the_checkout
from support.scripts import ROOT, program

pytestmark = pytest.mark.timeout(300)

LEAVES_OUT = re.compile(r"-[kx]\b|--(deselect|ignore|ignore-glob|lf|last-failed|sw|stepwise|maxfail|collect-only|co)\b")
"""Options of pytest with which a test is not run; `-m` is looked at by itself."""


@dataclass(frozen=True)
class Plant:
    """Something wrong: in `file` the first `old` becomes `new`; `guards` are the tests that find it and say `said`."""

    file: str
    old: str
    new: str
    guards: tuple[str, ...]
    said: str


LINKS = "tests/docs/test_in_order.py::test_nothing_is_wrong"
PLANTS = {
    "a dead evidence link": Plant(
        "docs/auditors/controls.yaml",
        "tests/gateway/conformance/access/test_tokens.py",
        "tests/gateway/conformance/access/test_tokenz.py",
        (LINKS,),
        "there is no test tests/gateway/conformance/access/test_tokenz.py",
    ),
    "an unpinned action": Plant(
        ".github/workflows/ci.yml",
        "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
        "actions/checkout@v6",
        (
            "tests/supply/test_guardrails.py::test_workflows_keep_the_promise[unpinned_actions]",
            "tests/supply/test_scanners.py::test_the_tree_is_clean[zizmor]",
        ),
        "pin actions/checkout by the commit of a release",
    ),
    "an undocumented command": Plant(
        "src/gwctl/cli/environments/docs.py",
        "@command.command()\ndef check()",
        '@command.command()\ndef conjure() -> None:\n    """Conjure."""\n\n\n@command.command()\ndef check()',
        (LINKS, "tests/supply/test_guardrails.py::test_every_command_is_documented"),
        "gwctl docs conjure",
    ),
    "a stale generated page": Plant(
        "docs/reference/events.md",
        "# ",
        "# Mind: ",
        (LINKS,),
        "docs/reference/events.md: is not what would be generated",
    ),
    "a stale generated file of an environment": Plant(
        "environments/dev/terraform.tfvars",
        "eu-central-1",
        "eu-west-1",
        ("tests/supply/test_guardrails.py::test_every_environment_is_rendered",),
        "gwctl render",
    ),
    "a planted secret": Plant(
        "scripts/settings.py",
        "",
        # Put together here, so that this file does not hold it.
        'aws_access_key_id = "' + "AKIA" + 'Q3EGV5RWSGTK4Y7D"\n',
        ("tests/supply/test_scanners.py::test_the_tree_is_clean[gitleaks]",),
        "aws-access-token",
    ),
}
GUARDS = sorted({guard for plant in PLANTS.values() for guard in plant.guards})


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, with what is installed."""
    for name in ("gitleaks", "zizmor"):
        program(name)
    return copy_of_the_checkout(tmp_path_factory.mktemp("copy"))


def ci(copy: Path, guards: tuple[str, ...] | list[str]) -> subprocess.CompletedProcess[str]:
    """Run tests in the copy as `.ci/run` does: a missing tool fails. Its own sources come first, not the checkout's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GIT_"))}
    return subprocess.run(
        [copy / ".venv" / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *guards],
        cwd=copy,
        env={**kept, "GWCTL_TESTS_REQUIRE_ALL": "1", "PYTHONPATH": str(copy / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@contextmanager
def without_trace(copy: Path) -> Iterator[None]:
    """No bytecode of a planted source may stay: a file that is put back within a second looks the same age."""
    try:
        yield
    finally:
        for cached in (copy / "src").rglob("__pycache__/docs.*.pyc"):
            cached.unlink()


def test_the_copy_as_it_is_passes(copy: Path):
    done = ci(copy, GUARDS)
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.parametrize("name", PLANTS)
def test_ci_fails_for(name: str, copy: Path):
    plant = PLANTS[name]
    with without_trace(copy), planted(copy, plant.file, plant.old, plant.new):
        done = ci(copy, plant.guards)
    assert done.returncode == 1, f"{name} is not found:\n{done.stdout}"
    assert f"{len(plant.guards)} failed" in done.stdout, done.stdout
    assert plant.said in done.stdout


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


def test_ci_runs_these_tests_and_leaves_none_out(tmp_path: Path):
    targets = re.search(r"make (.+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert targets
    make = ["make", "-nB", "--no-print-directory", *targets[1].split()]
    steps = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    assert steps.stdout.splitlines()[-1] == "scripts/test"
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
