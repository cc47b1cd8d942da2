"""There is no list of exceptions: what may stay says so where it stands, with its reason."""

import shutil
from pathlib import Path

import pytest

from supply import suppressions
from support.scripts import ROOT


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A checkout in which nothing is suppressed."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "src").mkdir()
    shutil.copy(ROOT / "scripts" / "scan", tmp_path / "scripts")
    return tmp_path


def test_no_list_leaves_out_a_rule_or_a_place():
    assert suppressions.lists(ROOT) == []


def test_each_suppression_says_why():
    assert suppressions.without_a_reason(ROOT) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".trivyignore", "CVE-2026-1234\n"),
        (".semgrepignore", ".venv/\nsrc/gwctl/edge/\n"),
        (".gitleaksignore", "src/x.py:generic-api-key:3\n"),
        ("scripts/scan", "checkov --skip-check CKV_AWS_1 .\n"),
    ],
)
def test_a_planted_list_is_found(empty: Path, name: str, content: str):
    assert suppressions.lists(empty) == []
    (empty / name).write_text(content)
    assert suppressions.lists(empty) != []


@pytest.mark.parametrize(
    "words", ["nosec", "nosec B301", "nosemgrep", "nosemgrep: safe-yaml", "noqa", "gitleaks:allow"]
)
def test_a_planted_suppression_without_rule_or_reason_is_found(empty: Path, words: str):
    path = empty / "src" / "x.py"
    path.write_text("x = 1  # nosec B301 # read from our own file\n")
    assert suppressions.without_a_reason(empty) == []
    path.write_text(f"x = 1  # {words}\n")
    assert len(suppressions.without_a_reason(empty)) == 1
