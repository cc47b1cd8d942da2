"""The conformance suite, against what is deployed: whatever of it needs no look into the gateway's own files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from smoke.conftest import SAMPLE_MODEL, aliases
from smoke.places import Target

TESTS = Path(__file__).resolve().parents[1]
SUITE = TESTS / "gateway" / "conformance"
MODULES = (
    "access/test_refusals.py",
    "answers/test_streaming.py",
    "requests/test_bodies.py",
    "requests/test_methods.py",
    "requests/test_paths.py",
    "requests/test_request_ids.py",
)
SECONDS = 600


def test_it_conforms(target: Target, http: httpx.Client, model: str, tmp_path: Path):
    if model not in (aliases(target, http, target.gateway.token()) or ()):
        pytest.skip(f"missing: {model} for the client {target.connection.client_id}; put it into a team")
    connection = tmp_path / "connection.json"
    target.connection.write(connection)
    other = {} if model == SAMPLE_MODEL else {"GWCTL_CONFORMANCE_MODEL_CHAT": model}
    kept = {name: value for name, value in os.environ.items() if name != "GWCTL_TESTS_REQUIRE_ALL"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header"),
            *(str(SUITE / name) for name in MODULES),
        ],
        cwd=TESTS.parent,
        env={**kept, **other, "GWCTL_GATEWAY_CONNECTION": str(connection)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 100
    print(f"\nconformance: {done.stdout.strip().splitlines()[-1]}")
