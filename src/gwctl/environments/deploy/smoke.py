"""Runs the smoke suite against an environment. In: a checkout, an environment's name. Out: what passed.

The suite is tests/smoke; it finds the environment by GWCTL_SMOKE_ENV. It needs the development packages.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET  # nosec B405 # pytest's own report
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gwctl.environments.project import Place

VARIABLE: Final = "GWCTL_SMOKE_ENV"
_PASSED: Final = 0
_NO_TESTS: Final = 5


@dataclass(frozen=True)
class Smoke:
    """What came of it. `state`: passed, failed, not installed, skipped. `detail`: how many passed, or why none did."""

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
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", str(place.project.smoke_suite)),
                *("-q", "-p", "no:cacheprovider", f"--junitxml={report}"),
            ],
            cwd=place.project.root,
            env={**os.environ, VARIABLE: place.name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if quiet else sys.stderr.fileno(),
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode not in {_PASSED, _NO_TESTS} or not report.exists():
            return Smoke("failed", (done.stdout or "")[-4000:])
        return _outcome(report)


def _outcome(report: Path) -> Smoke:
    """What pytest reports of a run without failures. A run in which all was skipped has shown nothing."""
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314  # nosec B314 # it was written here
    assert suite is not None
    total = int(suite.get("tests", "0"))
    reasons = [each.get("message", "") for each in suite.iter("skipped")]
    passed = total - len(reasons)
    if not total:
        return Smoke("not installed", "the suite has no tests")
    skipped = f"{len(reasons)} skipped: {'; '.join(dict.fromkeys(reasons))}"
    if not passed:
        return Smoke("skipped", f"{total} tests, {skipped}")
    return Smoke("passed", f"{passed} passed" + (f", {skipped}" if reasons else ""))
