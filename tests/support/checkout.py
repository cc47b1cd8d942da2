"""Copies of this checkout, to change things in. In: a folder, and what is wanted. Out: the folder, filled."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.scripts import ROOT


def copy_checkout(folder: Path, *names: str, links: tuple[str, ...] = ()) -> Path:
    """Copy the files that git tracks or would track, of some folders or all; link others, for example `.venv`."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *names)
    printed = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in printed.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name in links:
        (folder / name).symlink_to(ROOT / name)
    return folder


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
