"""A copy of what the documents are made of and refer to, to plant errors in."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[2]
FOLDERS: Final = ("docs", "infrastructure", "modules", "portkey", "src", "tests", "tools")
_LEFT_OUT: Final = shutil.ignore_patterns(
    "node_modules", "__pycache__", ".terraform", "golden_files", "inventories", "*.pyc", ".pytest_cache"
)


def copy_of_the_repository(directory: Path) -> Path:
    """Copy it, without what was installed. Links from documents to other places lead nowhere in the copy."""
    for folder in FOLDERS:
        shutil.copytree(REPOSITORY / folder, directory / folder, ignore=_LEFT_OUT)
    for file in REPOSITORY.glob("*.md"):
        shutil.copy(file, directory)
    return directory


@contextmanager
def planted(root: Path, name: str, old: str, new: str) -> Iterator[Path]:
    """Replace the first `old` in a file by `new`, and put the file back afterwards. The file need not exist for ""."""
    file = root / name
    before = file.read_text() if file.exists() else None
    assert old in (before or ""), f"{name} has no {old!r}"
    file.write_text((before or "").replace(old, new, 1) if old else (before or "") + new)
    try:
        yield file
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before)


@contextmanager
def without(file: Path) -> Iterator[None]:
    """Take a file away for a while."""
    aside = file.with_suffix(".aside")
    file.rename(aside)
    try:
        yield
    finally:
        aside.rename(file)
