"""A copy of this checkout, to do things in that must not happen here. In: an empty folder. Out: it, filled.

It has what git tracks or would track, links to what is installed, and stamps that keep make from installing anything.
"""

import subprocess
from pathlib import Path
from typing import Final

from support.scripts import ROOT

STAMPS: Final = (".build", ".runtime", ".dev")
PACKAGES: Final = ("portkey", "requirements/node", "tests/clients")


def tracked() -> list[str]:
    """The files that git tracks or would track, as far as they are there."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in names if (ROOT / name).is_file()]


def copy_of_the_checkout(folder: Path) -> Path:
    """Fill the folder. It is a git repository of its own, for some checks ask git which files there are."""
    names = "\0".join(tracked()).encode()
    pack = ("tar", "--create", "--null", "--files-from=-")
    packed = subprocess.run(pack, cwd=ROOT, input=names, capture_output=True, check=True)
    subprocess.run(["tar", "--extract"], cwd=folder, input=packed.stdout, check=True)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    (folder / ".tools").symlink_to(ROOT / ".tools")
    _links(ROOT / ".venv", folder / ".venv", left_out=STAMPS)
    for package in PACKAGES:
        _links(ROOT / package / "node_modules", folder / package / "node_modules")
    for stamp in STAMPS:  # newer than what they are made of
        (folder / ".venv" / stamp).touch()
    return folder


def _links(real: Path, folder: Path, left_out: tuple[str, ...] = ()) -> None:
    """A folder with links to everything in another one."""
    folder.mkdir(parents=True)
    for entry in real.iterdir() if real.is_dir() else ():
        if entry.name not in left_out:
            (folder / entry.name).symlink_to(entry)
