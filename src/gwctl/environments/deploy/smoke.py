"""Runs the smoke suite against an environment. In: a checkout, an environment's name. Out: whether it passed.

The suite is tests/smoke; it finds the environment by GWCTL_SMOKE_ENV. It needs the development packages.
"""

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

from gwctl.environments.project import Place

VARIABLE: Final = "GWCTL_SMOKE_ENV"
_PASSED: Final = 0
_NO_TESTS: Final = 5


@dataclass(frozen=True)
class Smoke:
    """What came of it. `state`: passed, failed, not installed, skipped."""

    state: str
    detail: str = ""


def missing(place: Place) -> str:
    """Why it cannot be run here; empty when it can."""
    suite = place.project.smoke_suite
    if not any(suite.glob("test_*.py")):
        return f"there is no smoke suite in {suite}"
    if importlib.util.find_spec("pytest") is None:
        return "pytest is not installed here; run `make setup`"
    return ""


def run(place: Place, *, quiet: bool) -> Smoke:
    """Run it. Its output goes to stderr, or nowhere with `quiet`: then the end of it is in `detail`."""
    why = missing(place)
    if why:
        return Smoke("not installed", why)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(place.project.smoke_suite), "-q", "-p", "no:cacheprovider"],
        cwd=place.project.root,
        env={**os.environ, VARIABLE: place.name},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else sys.stderr.fileno(),
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == _PASSED:
        return Smoke("passed")
    if done.returncode == _NO_TESTS:
        return Smoke("not installed", f"{place.project.smoke_suite} has no tests")
    return Smoke("failed", (done.stdout or "")[-4000:])
