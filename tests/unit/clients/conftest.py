"""The gateway that clients are connected to."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gwctl.clients.model import Gateway
from unit.clients.recipes import KEY, SAMPLES, TOKEN, URL


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Its person's home is the working directory, too: some programs have their file there."""
    monkeypatch.chdir(tmp_path)
    return Gateway(URL, TOKEN, SAMPLES, {"HOME": str(tmp_path), "PATH": os.environ["PATH"]})


@pytest.fixture
def keyed(gateway: Gateway) -> Gateway:
    """The same, for somebody who has a virtual key."""
    return replace(gateway, key=KEY)
