"""Lock files: everything pinned by hash, and no word about where it is downloaded from."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines()]


PYTHON_LOCKS = tracked("requirements/*.txt")
NPM_LOCKS = tracked("*package-lock.json")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_lock_files():
    assert len(PYTHON_LOCKS) >= 3
    assert len(NPM_LOCKS) >= 3


@pytest.mark.parametrize("path", PYTHON_LOCKS, ids=named)
def test_every_python_requirement_is_pinned_by_hash(path: Path):
    requirements = re.split(r"(?<!\\)\n", path.read_text().replace("\\\n", " "))
    pinned = [line for line in requirements if line and not line.lstrip().startswith("#")]
    assert pinned
    assert [line for line in pinned if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("path", NPM_LOCKS, ids=named)
def test_every_npm_package_has_an_integrity_hash(path: Path):
    packages: dict[str, dict[str, Any]] = json.loads(path.read_text())["packages"]
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []


@pytest.mark.parametrize("path", [*PYTHON_LOCKS, *NPM_LOCKS], ids=named)
def test_no_lock_file_names_a_download_host(path: Path):
    content = path.read_text()
    assert '"resolved"' not in content
    # npm's lock files carry the packages' own funding pages; nothing is downloaded from there.
    urls = set(re.findall(r"(?m)^(?!.*\"url\": ).*(https?://[^\s\"]+)", content))
    assert urls == set()
