"""How to call gwctl again. In: the data directory. Out: the words for a person here, and for a program anywhere."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gwctl.local.data_dir import DataDir


def program() -> Path:
    """The absolute path of this gwctl."""
    beside = Path(sys.executable).with_name("gwctl")
    return beside if beside.exists() else Path(sys.argv[0]).absolute()


def here(data: "DataDir", *words: str) -> str:
    """A command line as short as it works in this directory: `gwctl status`, `.venv/bin/gwctl status --data-dir x`."""
    path = program()
    found = shutil.which("gwctl")
    name = "gwctl" if found and Path(found).resolve() == path.resolve() else _short(path)
    return shlex.join([name, *words, *data.option_here()])


def anywhere(data: "DataDir", *words: str) -> list[str]:
    """A command with absolute paths only."""
    return [str(program()), *words, *data.command_option()]


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
