"""Which tests there are, as pytest collects them. In: a checkout. Out: whether a test's id exists in it.

An id is what pytest prints: `tests/plan/rules/test_security.py::test_fact_holds[…]`. Files and folders are ids too.
Collecting takes seconds, so only the files that the documents name are collected, and the ids are kept in .pytest_cache
until a Python file of the checkout changes.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from gwctl.core.errors import UserError

CACHE: Final = Path(".pytest_cache") / "gwctl" / "tests.json"
_NAMED: Final = re.compile(r"tests/[\w/]+\.py(?=::)")


def exists(root: Path, test_id: str) -> bool:
    """Whether pytest finds it. Raises UserError if pytest cannot collect the tests."""
    file, names, _ = test_id.partition("::")
    path = root / file
    if not names:
        return file.startswith("tests") and (path.is_dir() or path.name.startswith("test_")) and path.exists()
    return path.is_file() and test_id in known(root, file)


def known(root: Path, file: str) -> list[str]:
    """The ids in a file of tests, with and without their cases; or else all files of tests."""
    if not (root / file).is_file():
        return [each.relative_to(root).as_posix() for each in sorted((root / "tests").rglob("test_*.py"))]
    index = _index(root)
    if file not in index:
        index |= _collected(root, [file])
    return index[file]


@lru_cache(maxsize=8)
def _index(root: Path) -> dict[str, list[str]]:
    """Ids by file, of the files that documents name."""
    key = hashlib.sha256(json.dumps(list(_stamps(root))).encode()).hexdigest()
    cache = root / CACHE
    kept = json.loads(cache.read_text(encoding="utf-8")) if cache.is_file() else {}
    texts = (file.read_text(encoding="utf-8") for file in (root / "docs").rglob("*") if file.suffix in {".md", ".yaml"})
    files = {name for text in texts for name in _NAMED.findall(text) if (root / name).is_file()}
    if kept.get("key") == key and files <= kept["files"].keys():
        return kept["files"]
    found = _collected(root, sorted(files))
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps({"key": key, "files": found}), encoding="utf-8")
    return found


def _stamps(root: Path) -> Iterator[tuple[str, int, int]]:
    """Name, age and size of every Python file."""
    for top in ("src", "tests", "tools"):
        for folder, inner, names in os.walk(root / top):
            inner[:] = sorted({*inner} - {"node_modules", "__pycache__"})
            for file in sorted(Path(folder, name) for name in names if name.endswith(".py")):
                yield file.relative_to(root).as_posix(), file.stat().st_mtime_ns, file.stat().st_size


def _collected(root: Path, files: list[str]) -> dict[str, list[str]]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
        cwd=root,
        env={**kept, "PYTHONPATH": str(root / "src")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    ids = [line for line in done.stdout.splitlines() if re.match(r"tests/\S+\.py::", line)]
    if done.returncode not in (0, 5):  # 5: there are no tests
        lines = (done.stdout + done.stderr).strip().splitlines()
        said = next((line for line in lines if line.startswith(("E  ", "ERROR "))), " ".join(lines[-1:]))
        raise UserError(
            f"pytest cannot collect the tests that the documents name ({said}); correct it or run `make setup`"
        )
    found = {file: set[str]() for file in files}
    for each in ids:
        name = each.partition("[")[0]
        parts = name.split("::")
        found[parts[0]] |= {each, *("::".join(parts[:length]) for length in range(2, len(parts) + 1))}
    return {file: sorted(names) for file, names in found.items()}
