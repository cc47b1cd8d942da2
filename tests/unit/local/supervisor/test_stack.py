"""What the parts of a local gateway are started with."""

from pathlib import Path

import pytest

from gwctl.local.data_dir import DataDir
from gwctl.local.supervisor.programs import Programs
from gwctl.local.supervisor.stack import Stack


@pytest.mark.parametrize(("given", "expected"), [(None, "127.0.0.1"), ("example.org", "example.org,127.0.0.1")])
def test_no_proxy_sees_what_portkey_asks_the_agent(tmp_path: Path, given: str | None, expected: str):
    programs = Programs(tmp_path / "envoy", tmp_path / "node", tmp_path / "start-server.js")
    environment = {"HTTP_PROXY": "http://proxy.test:3128", "NODE_USE_ENV_PROXY": "1"}
    environment |= {} if given is None else {"NO_PROXY": given}

    part = Stack(DataDir(tmp_path), programs, tmp_path, environment).gateway(8787, [])

    assert part.env["NO_PROXY"] == expected
    assert part.env["HTTP_PROXY"] == "http://proxy.test:3128"
