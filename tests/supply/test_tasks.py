"""mise.toml and lefthook.yml: every task and hook can be carried out. The scans are run by test_scanners."""

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.checkout import copy_checkout
from support.scripts import ROOT, program, run
from tools.supply import commit_message as commit

TASKS: dict[str, Any] = tomllib.loads((ROOT / "mise.toml").read_text())["tasks"]
HOOKS: dict[str, Any] = yaml.safe_load((ROOT / "lefthook.yml").read_text())
SAFE = ["dist", "down", "hooks", "sbom"]
"""Besides the scans: what changes nothing outside the checkout, and so nothing at all when it is run in a copy."""


def first_word(task: str) -> list[str]:
    return shlex.split(TASKS[task]["run"])


@pytest.mark.parametrize("name", TASKS)
def test_a_task_says_what_it_does(name: str):
    assert TASKS[name]["description"]
    assert set(TASKS[name].get("depends", [])) <= set(TASKS)


@pytest.mark.parametrize("name", [name for name in TASKS if TASKS[name]["run"].startswith("make ")])
def test_a_task_names_a_target_that_exists(name: str):
    subprocess.run(["make", "-n", *first_word(name)[1:]], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("name", [name for name in TASKS if "/" in TASKS[name]["run"].split()[0]])
def test_a_task_names_a_program_that_exists(name: str):
    assert os.access(ROOT / first_word(name)[0], os.X_OK)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout's copy."""
    copy = copy_checkout(tmp_path_factory.mktemp("copy"), links=(".venv", ".tools"))
    run("git", "init", "--quiet", at=copy)
    return copy


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SAFE)
def test_a_safe_task_runs(name: str, copy: Path):
    program("lefthook")
    places = tomllib.loads((ROOT / "mise.toml").read_text())["env"]["_"]["path"]
    path = os.pathsep.join([*(str(copy / place) for place in places), os.environ["PATH"]])
    for each in [*TASKS[name].get("depends", []), name]:
        done = run("bash", "-ec", TASKS[each]["run"], at=copy, PATH=path)
        assert done.returncode == 0, done.stdout


def test_every_make_target_that_says_what_it_does_has_a_task():
    targets = re.findall(r"(?m)^([a-z]+):.*## ", (ROOT / "Makefile").read_text())
    commands = {TASKS[name]["run"] for name in TASKS}
    # The scanners are installed by mise itself.
    assert [name for name in targets if f"make {name}" not in commands] == ["scanners", "terragrunt"]


def test_every_task_is_run_by_some_test():
    """Here, or by test_scanners, or it is CI itself (ci, test), what CI starts with (lint, setup, scan's programs), or
    another suite's subject: `up` is the first block of README.md, `docs` is tests/docs/test_site, `hammer` has
    tests/bench."""
    elsewhere = {"ci", "docs", "hammer", "lint", "scan", "setup", "test", "up"}
    # Need Docker, Trivy's database or an identity: test_scanners and test_release go as far as one can without.
    elsewhere |= {"image", "image:scan", "sign"}
    assert {name for name in TASKS if not name.startswith("scan:")} == elsewhere | set(SAFE)


def test_lefthook_accepts_its_file():
    done = run(program("lefthook"), "validate")
    assert done.returncode == 0, done.stdout


def test_the_hooks_are_those_that_we_promise():
    names = {hook: [job["name"] for job in HOOKS[hook]["jobs"]] for hook in ("pre-commit", "commit-msg", "pre-push")}
    assert names == {
        "pre-commit": ["ruff format", "ruff check", "pyright", "gitleaks", "hadolint", "terraform fmt"],
        "commit-msg": ["conventional commit"],
        "pre-push": ["lint", "quick tests"],
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with our hooks and tools and nothing else."""
    for name in (".venv", ".tools", "requirements", "scripts", "tools", "lefthook.yml", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    run("git", "init", "--quiet", at=tmp_path)
    run("git", "config", "user.name", "t", at=tmp_path)
    run("git", "config", "user.email", "t@example.com", at=tmp_path)
    return tmp_path


def staged(checkout: Path, name: str, content: str) -> subprocess.CompletedProcess[str]:
    """A file is staged; what the pre-commit hook says."""
    path = checkout / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    run("git", "add", name, at=checkout)
    return run(program("lefthook"), "run", "pre-commit", at=checkout, NO_COLOR="1")


def test_the_hook_lets_a_good_commit_pass(checkout: Path):
    done = staged(checkout, "src/good.py", '"""Nothing."""\n')
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "content", "job"),
    [
        ("src/bad.py", '"""X."""\nX  =  1\n', "ruff format"),
        ("src/bad.py", '"""X."""\n\nimport os\n', "ruff check"),
        ("src/bad.py", '"""X."""\n\nX: int = "one"\n', "pyright"),
        ("notes.txt", "key = " + "AKIA" + "Q3EGV5RWSGTK4Y7D\n", "gitleaks"),
        ("images/x/Dockerfile", "FROM debian\n", "hadolint"),
        ("modules/x/main.tf", 'locals {\n a="b"\n}\n', "terraform fmt"),
    ],
)
def test_the_hook_stops(checkout: Path, name: str, content: str, job: str):
    for tool in ("gitleaks", "hadolint"):
        program(tool)
    done = staged(checkout, name, content)
    assert done.returncode == 1, done.stdout
    assert f"✗ {job}" in done.stdout, done.stdout


@pytest.mark.parametrize(
    "message",
    [
        "feat: hard budgets",
        "fix(edge)!: no credentials in logs\n\nThey were there.\n# a comment of git\n",
        "Merge branch 'main'",
        'Revert "feat: hard budgets"',
    ],
)
def test_a_conventional_commit_passes(message: str):
    assert commit.problem(message) is None


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("", "no Conventional Commit"),
        ("Update stuff", "no Conventional Commit"),
        ("feature: x", "no Conventional Commit"),
        ("feat:x", "no Conventional Commit"),
        ("feat: x.", "full stop"),
        ("feat: x\nmore", "second line"),
        (f"feat: {'x' * 200}", "characters"),
    ],
)
def test_another_commit_message_is_told_why(message: str, told: str):
    assert told in (commit.problem(message) or "")


def test_the_hook_reads_the_message(checkout: Path):
    (checkout / "message").write_text("Update stuff\n")
    done = run(program("lefthook"), "run", "commit-msg", "message", at=checkout, NO_COLOR="1")
    assert done.returncode == 1, done.stdout
    assert "no Conventional Commit" in done.stdout


def test_every_message_of_the_history_passes():
    assert [told for told in map(commit.problem, commit.messages("HEAD")) if told] == []
