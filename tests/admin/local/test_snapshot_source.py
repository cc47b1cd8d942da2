"""The agent's copy of the policy snapshot: whatever S3 does, what is in force is whole and never an older one."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from admin.place import Place, aws_client
from gwctl.agent.policy.snapshot_source import SnapshotSource, nudge_file
from gwctl.agent.status import AgentStatus, StatusFile
from gwctl.policy.snapshot import Snapshot
from gwctl.stores.aws.local_names import client_options
from gwctl.stores.aws.policy.snapshots import S3SnapshotReader
from gwctl.stores.aws.settings import SnapshotPlace
from support.agent_settings import agent_settings
from support.ports import free_port
from support.servers.dead_end_proxy import DeadEndProxy
from unit.policy.examples import compiled

ONE, TWO, THREE = (
    compiled(version, teams=[{"id": "search", "name": str(version)}], clients=[], budgets=[], scanner=[])
    for version in (1, 2, 3)
)
"""Snapshots of three versions."""


class Follower:
    """A source over a bucket of its own."""

    def __init__(self, bucket: str, folder: Path, url: str) -> None:
        self.bucket = bucket
        self.url = url
        self.real_url = url
        self.place = SnapshotPlace(bucket=bucket)
        self.settings = agent_settings(folder, snapshot=self.place)
        self.status_file = StatusFile(self.settings.status_path)
        self.source = self.restarted()

    def restarted(self) -> SnapshotSource:
        self.source = SnapshotSource(self.settings, self.status_file, S3SnapshotReader(self.place, self._client))
        return self.source

    def _client(self) -> Any:
        make: Any = boto3.client
        config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
        return make("s3", config=config, **client_options(self.url))

    def put(self, body: bytes | Snapshot) -> None:
        data = body.to_json() if isinstance(body, Snapshot) else body
        aws_client("s3", self.real_url).put_object(Bucket=self.bucket, Key="current.json", Body=data)

    def step(self) -> AgentStatus:
        asyncio.run(self.source.step())
        return self.status_file.status

    @property
    def version(self) -> int | None:
        file = self.settings.policy_file
        return Snapshot.from_json(file.read_bytes()).version if file.exists() else None

    @property
    def problem(self) -> str:
        problem = self.status_file.status.source
        return problem.reason if problem else ""


@pytest.fixture
def follower(place: Place, tmp_path: Path) -> Follower:
    return Follower(place.settings.snapshot.bucket, tmp_path, place.s3_url)


def test_a_newer_snapshot_is_taken_over(follower: Follower):
    follower.put(ONE)
    follower.step()
    follower.put(TWO)
    follower.step()
    assert (follower.version, follower.problem) == (2, "")


def test_before_the_first_policy_there_is_none_and_it_is_said(follower: Follower):
    follower.step()
    assert follower.version is None
    assert "there is no s3://" in follower.problem


@pytest.mark.parametrize("part", [0, 1, 100, -1])
def test_a_truncated_snapshot_changes_nothing_and_is_said(follower: Follower, part: int):
    follower.put(ONE)
    follower.step()
    follower.put(TWO.to_json()[:part])
    follower.step()
    assert follower.version == 1
    assert "is not a whole snapshot" in follower.problem
    follower.put(TWO)
    follower.step()
    assert (follower.version, follower.problem) == (2, "")


def test_a_snapshot_that_was_altered_changes_nothing(follower: Follower):
    follower.put(ONE)
    follower.step()
    follower.put(TWO.to_json().replace(b'"enabled":true', b'"enabled":false'))
    follower.step()
    assert follower.version == 1
    assert "content hash" in follower.problem


def test_an_older_snapshot_does_not_come_back(follower: Follower):
    follower.put(TWO)
    follower.step()
    follower.put(ONE)
    follower.step()
    assert follower.version == 2
    assert "is policy version 1; 2 was in force already and stays" in follower.problem


def test_after_a_restart_it_goes_on_from_its_copy(follower: Follower):
    follower.put(TWO)
    follower.step()
    follower.put(ONE)
    follower.restarted()
    follower.step()
    assert follower.version == 2


def test_what_has_not_changed_is_not_written_again(follower: Follower):
    follower.put(ONE)
    follower.step()
    before = follower.settings.policy_file.stat().st_ino
    follower.step()
    follower.restarted()
    follower.step()
    assert follower.settings.policy_file.stat().st_ino == before


def test_s3_down_keeps_the_last_policy_and_says_since_when(follower: Follower):
    follower.put(ONE)
    follower.step()
    follower.url = f"http://127.0.0.1:{free_port()}"
    follower.restarted()
    first = follower.step().source
    again = follower.step().source
    assert first
    assert again
    assert (follower.version, again.since) == (1, first.since)
    assert "cannot be read" in first.reason


def test_s3_that_does_not_answer_is_given_up_soon(follower: Follower):
    with DeadEndProxy() as dead_end:
        follower.url = dead_end.url
        began = time.monotonic()
        follower.step()
    assert time.monotonic() - began < 10
    assert follower.problem


def test_s3_that_is_back_is_followed_again(follower: Follower):
    url = follower.url
    follower.url = f"http://127.0.0.1:{free_port()}"
    follower.step()
    assert follower.problem
    follower.url = url
    follower.restarted()
    follower.put(ONE)
    follower.step()
    assert (follower.version, follower.problem) == (1, "")


def test_a_disk_that_takes_nothing_is_said(follower: Follower):
    follower.put(ONE)
    follower.settings.policy_file.mkdir()
    follower.step()
    assert "cannot be written" in follower.problem


@pytest.mark.parametrize("hours", [-30_000, 30_000])
def test_a_clock_that_jumps_makes_no_policy_newer_or_older(follower: Follower, hours: int):
    """Versions count, not times: neither those of files nor those of objects."""
    follower.put(TWO)
    follower.step()
    jumped = time.time() + hours * 3600
    os.utime(follower.settings.policy_file, (jumped, jumped))
    follower.put(THREE)
    follower.step()
    follower.put(ONE)
    follower.step()
    assert follower.version == 3


def test_a_nudge_is_followed_at_once(follower: Follower):
    """Without one it takes up to a second."""
    follower.put(ONE)

    async def seconds_to(version: int, stopping: asyncio.Event) -> float:
        began = time.monotonic()
        while follower.version != version and time.monotonic() - began < 10:  # noqa: ASYNC110 - another process's file
            await asyncio.sleep(0.01)
        if version == 2:
            stopping.set()
        return time.monotonic() - began

    async def main() -> float:
        stopping = asyncio.Event()
        task = asyncio.create_task(follower.source.run(stopping))
        await seconds_to(1, stopping)
        await asyncio.to_thread(follower.put, TWO)
        nudge_file(follower.settings.state_dir).touch()
        seconds = await seconds_to(2, stopping)
        await task
        return seconds

    assert asyncio.run(main()) < 0.5
