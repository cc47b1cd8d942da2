"""The rows of docs/runbooks/faults.md about a disk that is full: nobody is served before a line is lost."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.agent.scene import FREE, QUOTA, scene, statuses
from support.processes import wait_until

pytestmark = pytest.mark.timeout(240)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 16 MB, where that is allowed to make one; skips the test elsewhere."""
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def leave(disk: Path, mebibytes: int) -> Path:
    """A file that takes all the room but so much."""
    filler = disk / f"filler-{mebibytes}"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - mebibytes * 1024 * 1024))
    return filler


def test_a_full_disk_of_the_usage_log_stops_quotas_and_then_everybody_before_a_line_is_lost(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, scene(disk, min_free_bytes=6 * 1024 * 1024) as now:
        first = leave(disk, 5)
        down = now.traffic.wait_for(503, QUOTA)
        free = now.traffic.wait_for(200, FREE)
        problem, refusals = now.pair.status.quotas.problem, now.refusals()
        second = leave(disk, 2)
        now.traffic.wait_for(503, FREE)
        lines = now.lines()
        closed = now.traffic.wait_for(503, FREE, count=50) + now.traffic.wait_for(503, QUOTA)
        why = now.pair.status.usage.refusing
        grown = now.lines() - lines
        second.unlink()
        now.traffic.wait_for(200, FREE)
        first.unlink()
        now.traffic.wait_for(200, QUOTA)
        assert now.pair.status.usage.refusing is None
        events = now.settled()
        assert {event["id"] for event in events} == now.lines()
    assert statuses(down) <= {200, 503}
    assert refusals == {"quota_unavailable"}
    assert statuses(free) == {200}
    assert statuses(closed) == {503}
    assert not grown & {each.id for each in closed}, "what is refused for want of room must take none"
    assert all("bytes left" in (each or "") for each in (problem, why))


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError:
            return filler


def test_a_line_that_envoy_could_not_write_stops_everybody_for_a_while(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, scene(disk, min_free_bytes=0) as now:
        filler = fill(disk)
        now.traffic.wait_for(503, FREE)
        filler.unlink()
        wait_until(
            lambda: "Envoy could not write" in (now.pair.status.usage.refusing or ""), "the status to say so", 20
        )
        closed = now.traffic.wait_for(503, FREE) + now.traffic.wait_for(503, QUOTA)
        now.traffic.stop()
    assert statuses(closed) == {503}
