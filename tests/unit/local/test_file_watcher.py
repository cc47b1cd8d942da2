"""Waiting for files: what may have changed them ends it, nothing else does, also where the system does not tell."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gwctl.core import file_watcher
from gwctl.core.file_watcher import FileWatcher
from gwctl.core.files import write_atomically

FOR_EVER = 30.0
CHANGES: dict[str, Callable[[Path], object]] = {
    "made or written": lambda file: file.write_text("new"),
    "appended to": lambda file: file.open("a").write("more"),
    "replaced": lambda file: write_atomically(file, b"other"),
    "touched": lambda file: os.utime(file, (1, 1)),
}


@pytest.fixture(params=["told", "looking"])
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the system tells; if not, the files are looked at."""
    if request.param == "looking":
        monkeypatch.setattr(file_watcher.sys, "platform", "somewhere")
    return request.param == "told"


def seconds_waited(watched: Path, change: Callable[[], object], seconds: float = FOR_EVER) -> float:
    """How long one waits for a file that is changed meanwhile."""

    async def main() -> float:
        with FileWatcher() as watcher:
            watch = watcher.watch([watched, None])
            await watch.wait(0)
            began = time.monotonic()
            waiting = asyncio.create_task(watch.wait(seconds))
            await asyncio.sleep(0)
            change()
            await waiting
            return time.monotonic() - began

    return asyncio.run(main())


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_ends_the_waiting(tmp_path: Path, name: str):
    file = tmp_path / "file"
    file.write_text("old")
    assert seconds_waited(file, lambda: CHANGES[name](file)) < FOR_EVER / 2


@pytest.mark.usefixtures("told")
def test_a_file_that_was_missing_and_one_in_a_watched_folder_count_too(tmp_path: Path):
    assert seconds_waited(tmp_path / "new", lambda: (tmp_path / "new").write_text("x")) < FOR_EVER / 2
    assert seconds_waited(tmp_path, lambda: (tmp_path / "any").write_text("x")) < FOR_EVER / 2


def test_the_target_of_a_link_counts_too(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    assert seconds_waited(link, lambda: target.write_text("new")) < FOR_EVER / 2


@pytest.mark.usefixtures("told")
def test_another_file_does_not_end_it(tmp_path: Path):
    assert seconds_waited(tmp_path / "file", lambda: (tmp_path / "other").write_text("x"), 0.3) >= 0.29


def test_a_change_before_the_waiting_is_not_missed(tmp_path: Path, told: bool):
    async def main() -> float:
        with FileWatcher() as watcher:
            watch = watcher.watch([tmp_path / "file"])
            (tmp_path / "file").write_text("new")
            if told:
                await asyncio.sleep(0)  # the loop reads what the kernel tells
            began = time.monotonic()
            await watch.wait(FOR_EVER)
            return time.monotonic() - began

    assert asyncio.run(main()) < FOR_EVER / 2


def test_whoever_is_woken_or_has_waited_long_enough_looks_again(tmp_path: Path):
    async def main() -> None:
        with FileWatcher() as watcher:
            watch = watcher.watch([tmp_path / "file"])
            watch.wake()
            await watch.wait(FOR_EVER)
            await watch.wait(0.01)

    asyncio.run(asyncio.wait_for(main(), FOR_EVER / 2))
