"""The gateway that clients are connected to."""

import os
from pathlib import Path

import pytest

from gwctl.clients.model import Gateway
from unit.clients.recipes import SAMPLES, TOKEN, URL


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(URL, TOKEN, SAMPLES, {"HOME": str(tmp_path), "PATH": os.environ["PATH"]})
