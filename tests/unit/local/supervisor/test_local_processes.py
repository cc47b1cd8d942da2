"""Processes of the supervisor: who they are, and that they die with it."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gwctl.local.supervisor.processes import Identity
from support.processes import wait_until


def test_an_identity_is_alive_while_its_process_runs():
    with subprocess.Popen(["sleep", "600"]) as process:
        identity = Identity.of(process.pid)
        assert identity.alive
        process.kill()
        process.wait()
        assert not identity.alive


def test_another_process_with_the_same_pid_is_not_it():
    mine = Identity.of(os.getpid())
    assert not replace(mine, created=mine.created - 3600).alive


def test_a_process_with_the_same_pid_gets_no_signal():
    with subprocess.Popen(["sleep", "600"]) as process:
        earlier = replace(Identity.of(process.pid), created=1.0)
        earlier.signal(signal.SIGKILL)
        earlier.kill_group()
        assert process.poll() is None
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_child_dies_with_a_supervisor_that_was_killed(tmp_path: Path):
    program = """
import asyncio, os, sys
from pathlib import Path
from gwctl.local.supervisor.processes import spawn

async def main():
    child = await spawn(["sleep", "600"], os.environ, Path(sys.argv[1]))
    print(child.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout
        child = Identity.of(int(supervisor.stdout.readline()))
        assert child.alive
        supervisor.kill()
    wait_until(lambda: not child.alive, "the child to be gone")
