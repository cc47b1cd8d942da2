"""`gwctl audit verify` of a local gateway's audit log."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.sinks.place import Events, agent_settings, event
from gateway.sinks.test_shipper import drained
from gwctl.agent.settings import LedgerTables
from gwctl.audit.verify.reading import Days
from gwctl.cli.main import run
from gwctl.environments.deploy import audit_log as places
from gwctl.local.data_dir import DataDir
from gwctl.stores.aws import local_names as aws_names
from support.ports import free_port
from support.processes import answers, start


@pytest.fixture
def local_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[DataDir, str]]:
    """The local AWS of a gateway with its data directory, as `gwctl up` runs it."""
    data, port = DataDir(tmp_path / "data"), free_port()
    data.create()
    command = [sys.executable, "-m", "gwctl.emulated_aws", "--port", str(port), "--data-dir", str(data.aws)]
    url = f"http://127.0.0.1:{port}"
    for name, value in aws_names.variables(url, "local").items():
        monkeypatch.setenv(name, value)
    with start(command, ready=lambda: answers(f"{url}/healthz"), seconds=60):
        from gwctl.stores.aws import local_resources as aws_resources

        aws_resources.ensure(aws_names.client_options(url))
        yield data, url


def ship_locally(data: DataDir) -> None:
    tables = LedgerTables(ledger=aws_names.LEDGER_TABLE, usage=aws_names.USAGE_TABLE)
    settings = agent_settings(data.state, audit_stream=aws_names.AUDIT_STREAM, tables=tables).model_copy(
        update={"region": aws_names.REGION}
    )
    Events(settings).write(event(n) for n in range(20))
    drained(settings)


def test_the_log_of_a_local_gateway(local_aws: tuple[DataDir, str], capsys: pytest.CaptureFixture[str]):
    data, _ = local_aws
    ship_locally(data)
    assert run(["audit", "verify", "--data-dir", str(data.root)]) == 0
    assert "a1  0 to 19  20 records, confirmed by a head up to 19" in capsys.readouterr().out


def test_a_record_taken_out_of_a_local_gateways_file(local_aws: tuple[DataDir, str]):
    import sqlite3

    data, _ = local_aws
    ship_locally(data)
    with closing(sqlite3.connect(data.aws / "aws.sqlite3")) as file, file:
        ((key, body),) = file.execute("SELECT key, body FROM objects WHERE bucket = ?", (aws_names.AUDIT_BUCKET,))
        file.execute("UPDATE objects SET body = ? WHERE key = ?", (b"".join(body.splitlines(keepends=True)[:-3]), key))
    (found,) = places.in_local_gateway(data, Days()).report.breaks
    assert (found.kind, found.sequence) == ("truncated", 17)


def test_without_a_local_gateway_there_is_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["audit", "verify", "--data-dir", str(tmp_path)]) == 1
    assert "gwctl up" in capsys.readouterr().err
