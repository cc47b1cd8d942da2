"""Programs that scripts and scanners need, and running them. In: a command. Out: its path, or what it printed."""

import os
import shutil
import subprocess
from pathlib import Path

from support.requirements import require

ROOT = Path(__file__).resolve().parents[2]
SCANNERS = (ROOT / ".tools" / "scan" / "bin", ROOT / ".tools" / "bin")
"""Where `make scanners` puts the programs."""


def program(name: str) -> str:
    """The path of a scanner; skips the test where it is not there."""
    found = shutil.which(name, path=os.pathsep.join(map(str, SCANNERS)))
    require(found is not None, f"{name} (make scanners)")
    assert found
    return found


def run(*command: str | Path, at: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the scanners on its path; stdout has stderr's lines too."""
    path = os.pathsep.join([*map(str, SCANNERS), str(ROOT / ".venv" / "bin"), os.environ["PATH"]])
    return subprocess.run(
        list(map(str, command)),
        cwd=at,
        env={**os.environ, "PATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
