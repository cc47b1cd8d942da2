"""Who runs in a data directory, and what is done about what a crash has left."""

import os
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

from gwctl.local.data_dir import DataDir
from gwctl.local.supervisor import running
from gwctl.local.supervisor.processes import Identity
from gwctl.local.supervisor.running import Run

GONE = Identity(2**22 - 1, 1.0)


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.create()
    return data


def test_nobody_runs_in_a_new_directory(tmp_path: Path):
    data = DataDir(tmp_path / "nothing")
    assert running.current(data) is None
    assert running.stop(data) is False


def test_the_supervisor_that_lives_is_found(data: DataDir):
    Run(Identity.of(os.getpid()), Path("/nowhere"), {"port": 8080}).write(data.processes)
    run = running.current(data)
    assert run
    assert run.options == {"port": 8080}


def test_a_supervisor_that_is_gone_is_not_found(data: DataDir):
    Run(GONE, Path("/nowhere")).write(data.processes)
    assert running.current(data) is None


def test_parts_that_a_supervisor_left_behind_are_ended_with_their_group(data: DataDir):
    with subprocess.Popen(["sh", "-c", "sleep 600 & wait"], start_new_session=True) as part:
        Run(GONE, Path("/nowhere"), parts={"edge": Identity.of(part.pid)}).write(data.processes)
        assert running.remove_remains(data) == ["edge"]
        assert part.wait(10) == -9
    assert not data.processes.exists()


def test_a_process_that_only_has_the_pid_of_a_part_is_left_alone(data: DataDir):
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        Run(GONE, Path("/nowhere"), parts={"edge": Identity(stranger.pid, 1.0)}).write(data.processes)
        assert running.remove_remains(data) == []
        assert stranger.poll() is None
        stranger.kill()


def test_down_leaves_alone_what_somebody_is_starting(data: DataDir):
    (data.xds / "policy.json").touch()
    with FileLock(data.lock):
        assert running.stop(data) is False
    assert (data.xds / "policy.json").exists()


def test_the_sockets_of_a_supervisor_that_is_gone_are_removed(data: DataDir):
    sockets = running.make_sockets_dir()
    (sockets / "envoy.sock").touch()
    Run(GONE, sockets).write(data.processes)
    running.remove_remains(data)
    assert not sockets.exists()


def test_no_other_directory_is_removed(data: DataDir, tmp_path: Path):
    precious = tmp_path / "precious"
    precious.mkdir()
    Run(GONE, precious).write(data.processes)
    running.remove_remains(data)
    assert precious.exists()


def test_keys_do_not_stay_on_the_disk(data: DataDir):
    (data.secrets / "0.json").write_text("sk-canary")
    data.provider_secrets.write_text("sk-canary")
    running.remove_remains(data)
    assert not any("sk-canary" in file.read_text() for file in data.root.rglob("*") if file.is_file())


def test_the_folder_of_sockets_is_the_owners_and_short():
    sockets = running.make_sockets_dir()
    try:
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert len(str(sockets / "envoy.sock")) < 100
    finally:
        sockets.rmdir()


def test_a_spoilt_file_counts_as_none(data: DataDir):
    data.processes.write_text('{"supervisor": 1}')
    assert Run.read(data.processes) is None
