"""`gwctl audit verify` of a local gateway's audit log."""

from pathlib import Path

import pytest

from gateway.sinks.place import Events, agent_settings, event
from gateway.sinks.test_shipper import drained
from gwctl.audit.verify.reading import Days
from gwctl.cli.main import run
from gwctl.environments.deploy import audit_log as places
from gwctl.local.data_dir import DataDir
from gwctl.local.database import own_url
from support.stores.databases import migrated


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """The data directory of a local gateway, with what it has when `gwctl up` has made its database."""
    found = DataDir(tmp_path / "data")
    found.create()
    migrated(own_url(found))
    return found


def ship_locally(data: DataDir) -> None:
    settings = agent_settings(data.state, database_url=own_url(data), audit_dir=data.audit)
    Events(settings).write(event(n) for n in range(20))
    drained(settings)


def test_the_log_of_a_local_gateway(data: DataDir, capsys: pytest.CaptureFixture[str]):
    ship_locally(data)
    assert run(["audit", "verify", "--data-dir", str(data.root)]) == 0
    assert "a1  0 to 19  20 records, confirmed by a head up to 19" in capsys.readouterr().out


def test_a_record_taken_out_of_a_local_gateways_file(data: DataDir):
    ship_locally(data)
    (file,) = data.audit.rglob("*.jsonl")
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-3]))
    (found,) = places.in_local_gateway(data, Days()).report.breaks
    assert (found.kind, found.sequence) == ("truncated", 17)


def test_without_a_local_gateway_there_is_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["audit", "verify", "--data-dir", str(tmp_path)]) == 1
    assert "gwctl up" in capsys.readouterr().err
