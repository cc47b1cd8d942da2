"""A part is started, watched, started again and ended: with real processes."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from gwctl.local.supervisor import keeper
from gwctl.local.supervisor.keeper import Keeper, Part, PartFailedError
from gwctl.local.supervisor.processes import Identity
from gwctl.local.supervisor.status import PartStatus
from support.processes import wait_until

FOREVER = "import time\ntime.sleep(600)"


class Scene:
    """A keeper of one small Python program, with what it said."""

    def __init__(self, folder: Path, program: str, ready_seconds: float = 10.0, stop_seconds: float = 5.0):
        self.ready = folder / "ready"
        self.said: list[str] = []
        self.status = PartStatus("edge")
        part = Part(
            name="edge",
            command=(sys.executable, "-c", f"from pathlib import Path\nready = Path({str(self.ready)!r})\n{program}"),
            env=os.environ,
            log=folder / "edge.log",
            healthy=self.healthy,
            ready_seconds=ready_seconds,
            stop_seconds=stop_seconds,
        )
        self.keeper = Keeper(part, self.status, self.said.append, lambda: None)

    async def healthy(self) -> bool:
        return self.ready.exists()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - another process's doing
                await asyncio.sleep(0.01)

    def play(self, story: Callable[[], Awaitable[None]]) -> None:
        """Start the part, play the story, stop the part."""

        async def play() -> None:
            try:
                await self.keeper.start()
                await story()
            finally:
                await self.keeper.stop()

        asyncio.run(play())


def test_a_part_runs_once_it_is_healthy(tmp_path: Path):
    scene = Scene(tmp_path, f"ready.touch()\n{FOREVER}")

    async def story() -> None:
        assert (scene.status.state, scene.status.restarts) == ("running", 0)
        assert psutil.pid_exists(scene.status.pid or 0)

    scene.play(story)


def test_a_stopped_part_is_gone_with_its_children(tmp_path: Path):
    children = tmp_path / "children"
    scene = Scene(
        tmp_path,
        f"import subprocess\nchild = subprocess.Popen(['sleep', '600'])\n"
        f"Path({str(children)!r}).write_text(str(child.pid))\nready.touch()\n{FOREVER}",
    )

    found: list[Identity] = []

    async def story() -> None:
        found.append(Identity.of(int(children.read_text())))

    scene.play(story)
    wait_until(lambda: not found[0].alive, "the child to be gone")
    assert (scene.status.state, scene.status.pid) == ("stopped", None)


def test_a_part_that_ignores_sigterm_is_killed(tmp_path: Path):
    scene = Scene(
        tmp_path,
        f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nready.touch()\n{FOREVER}",
        stop_seconds=0.1,
    )
    pids: list[int] = []

    async def story() -> None:
        pids.append(scene.status.pid or 0)

    scene.play(story)
    assert not psutil.pid_exists(pids[0])


def test_a_part_that_ends_at_the_first_start_is_an_error_with_the_end_of_its_log(tmp_path: Path):
    scene = Scene(tmp_path, "print('no such file: x')\nraise SystemExit(3)")
    with pytest.raises(
        PartFailedError, match=r"edge stopped \(exit code 3\); its log .*edge.log ends:\nno such file: x"
    ):
        scene.play(lambda: asyncio.sleep(0))


def test_a_part_that_never_becomes_healthy_is_an_error(tmp_path: Path):
    scene = Scene(tmp_path, FOREVER, ready_seconds=0.2)
    with pytest.raises(PartFailedError, match=r"edge was not ready within 0.2 s"):
        scene.play(lambda: asyncio.sleep(0))


def test_a_program_that_does_not_exist_is_an_error_that_names_it(tmp_path: Path):
    async def healthy() -> bool:
        return True

    part = Part("edge", ("/nowhere/envoy",), os.environ, tmp_path / "edge.log", healthy)
    with pytest.raises(PartFailedError, match=r"cannot be started.*/nowhere/envoy"):
        asyncio.run(Keeper(part, PartStatus("edge"), print, lambda: None).start())


@pytest.mark.parametrize(
    ("line", "taken"), [("OSError: [Errno 98] Address already in use", True), ("EADDRINUSE", True), ("no", False)]
)
def test_a_taken_port_is_told_from_other_failures(tmp_path: Path, line: str, taken: bool):
    scene = Scene(tmp_path, f"raise SystemExit({line!r})")
    with pytest.raises(PartFailedError) as failure:
        scene.play(lambda: asyncio.sleep(0))
    assert failure.value.port_taken is taken


def test_somebody_elses_answer_on_the_port_is_not_taken_for_the_parts(tmp_path: Path):
    scene = Scene(tmp_path, "raise SystemExit(1)")
    scene.ready.touch()  # healthy from the beginning, as if another program answered

    async def story() -> None:
        await scene.until(lambda: scene.status.restarts > 0)

    try:
        scene.play(story)  # the process may be seen alive once; then its end must be noticed
    except PartFailedError:
        return
    assert any("stopped (exit code 1)" in line for line in scene.said)


def test_a_part_that_crashes_is_started_again_and_it_is_said(tmp_path: Path):
    scene = Scene(tmp_path, f"ready.touch()\n{FOREVER}")

    async def story() -> None:
        pid = scene.status.pid or 0
        psutil.Process(pid).kill()
        await scene.until(lambda: scene.status.restarts == 1 and scene.status.state == "running")
        assert scene.status.pid != pid

    scene.play(story)
    assert scene.said == ["edge stopped (killed by SIGKILL); starting it again in 0.25 s", "edge runs again"]


def test_a_part_that_goes_on_crashing_is_started_ever_more_rarely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keeper, "BACK_OFF_SECONDS", (0.01, 0.04))
    # It runs well, ends, and never becomes healthy again because it says so only when the file is missing.
    scene = Scene(tmp_path, "import time\nready.touch()\ntime.sleep(0.2)\nraise SystemExit(1)")

    async def story() -> None:
        await scene.until(lambda: len([line for line in scene.said if "starting it again" in line]) >= 4)

    scene.play(story)
    delays = [line.rsplit(" in ", 1)[1] for line in scene.said if "starting it again" in line]
    assert delays[:4] == ["0.01 s", "0.02 s", "0.04 s", "0.04 s"]


def test_a_keeper_that_breaks_is_not_silent(tmp_path: Path):
    scene = Scene(tmp_path, f"ready.touch()\n{FOREVER}")

    def broken(line: str) -> None:
        raise ZeroDivisionError(line)

    async def story() -> None:
        scene.keeper.check()
        scene.keeper._say = broken
        psutil.Process(scene.status.pid or 0).kill()

        def noticed() -> bool:
            try:
                scene.keeper.check()
            except ZeroDivisionError:
                return True
            return False

        await scene.until(noticed)

    scene.play(story)
