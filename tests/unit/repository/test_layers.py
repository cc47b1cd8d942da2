"""The contracts of the layers fail when they should. That the tree keeps them is `make lint`'s to say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and the contracts, to plant imports in."""
    folder = tmp_path_factory.mktemp("layers")
    shutil.copytree(ROOT / "src/gwctl", folder / "gwctl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("core/urls.py", "from gwctl.policy import names", "a layer imports downwards only"),
        (
            "ledger/metering/normalise.py",
            "from gwctl.ledger.metering import price_line",
            "no circle of packages or files",
        ),
        ("ledger/metering/normalise.py", "import boto3", "only stores and environments speak to AWS"),
        ("stores/aws/usage.py", "import sqlalchemy", "only stores.sql speaks SQL"),
        ("newcomer/__init__.py", "", "a layer imports downwards only"),
    ],
)
def test_a_planted_import_breaks_its_contract(copied: Path, module: str, planted: str, contract: str):
    file = copied / "gwctl" / module
    before = file.read_bytes() if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{(before or b'').decode()}\n{planted}\n")
    try:
        command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
        done = subprocess.run(
            command, cwd=copied, env={**os.environ, "PYTHONPATH": str(copied)}, capture_output=True, text=True
        )
    finally:
        if before is None:
            shutil.rmtree(file.parent)
        else:
            file.write_bytes(before)
    assert done.returncode == 1, done.stdout
    assert f"{contract} BROKEN" in " ".join(done.stdout.split())
