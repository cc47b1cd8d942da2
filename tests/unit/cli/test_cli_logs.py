"""`gwctl logs`: the ends of logs, and what is added to them."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwctl.cli.main import run
from support.environment import BIN, clean_environment
from support.processes import Process, wait_until


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GWCTL_DATA_DIR", str(tmp_path))
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def test_the_last_lines_of_a_part_are_shown_as_they_are(logs: Path, capsys: pytest.CaptureFixture[str]):
    (logs / "edge.log").write_text("".join(f"{number}\n" for number in range(100)))
    assert run(["logs", "edge", "-n", "3"]) == 0
    assert capsys.readouterr().out == "97\n98\n99\n"


def test_many_lines_come_from_several_blocks(logs: Path, capsys: pytest.CaptureFixture[str]):
    lines = [f"{number:05} {'x' * 90}" for number in range(5000)]
    (logs / "edge.log").write_text("\n".join(lines) + "\n")
    run(["logs", "edge", "-n", "3000"])
    assert capsys.readouterr().out.splitlines() == lines[-3000:]


def test_all_parts_are_shown_with_their_names_but_not_the_usage(logs: Path, capsys: pytest.CaptureFixture[str]):
    for name in ("edge", "gateway", "usage"):
        (logs / f"{name}.log").write_text(f"from {name}\n")
    run(["logs"])
    assert capsys.readouterr().out == "gateway    from gateway\nedge       from edge\n"


def test_usage_is_shown_when_asked_for(logs: Path, capsys: pytest.CaptureFixture[str]):
    (logs / "usage.log").write_text("{}\n")
    run(["logs", "usage"])
    assert capsys.readouterr().out == "{}\n"


def test_bytes_that_are_not_utf_8_are_no_obstacle(logs: Path, capsys: pytest.CaptureFixture[str]):
    (logs / "edge.log").write_bytes(b"a\xffb\n")
    run(["logs", "edge"])
    assert capsys.readouterr().out == "a\ufffdb\n"


@pytest.fixture
def follower(logs: Path, tmp_path: Path) -> Iterator[Process]:
    (logs / "edge.log").write_text("old\n")
    with Process(
        [BIN / "gwctl", "logs", "edge", "--follow"],
        env={**clean_environment(tmp_path), "GWCTL_DATA_DIR": str(tmp_path)},
    ) as process:
        wait_until(lambda: "old\n" in process.output, "the old line")
        yield process


def test_following_shows_what_is_added_line_by_line(logs: Path, follower: Process):
    with (logs / "edge.log").open("a") as log:
        log.write("hal")
        log.flush()
        log.write("f\nnext\n")
    wait_until(lambda: follower.output == "old\nhalf\nnext\n", "the new lines")


def test_following_goes_on_in_the_file_that_takes_its_place(logs: Path, follower: Process):
    (logs / "edge.log").rename(logs / "edge.log.1")
    (logs / "edge.log").write_text("new file\n")
    wait_until(lambda: "new file\n" in follower.output, "the line of the new file")


def test_ctrl_c_ends_following_without_a_traceback(follower: Process):
    follower.send_signal(signal.SIGINT)
    assert follower.wait() == 130
    follower.stop()
    assert follower.output.strip() == "old"
