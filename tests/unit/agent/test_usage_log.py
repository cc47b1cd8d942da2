"""The usage log reader: no line left out and none made up, through rotation, restarts and half-written lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.agent.metering import usage_log
from gwctl.agent.metering.usage_log import Batch, UsageLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.log"


def read(log: UsageLog) -> Batch:
    batch = log.read()
    assert batch is not None
    return batch


def read_and_commit(log: UsageLog) -> tuple[bytes, ...]:
    lines: list[bytes] = []
    while (batch := log.read()) is not None:
        lines.extend(batch.lines)
        log.commit(batch.end)
    return tuple(lines)


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def test_a_missing_log_has_nothing_to_read(path: Path):
    assert UsageLog(path, None).read() is None


def test_a_line_without_its_end_waits(path: Path):
    log = UsageLog(path, None)
    append(path, b"one\ntw")
    assert read_and_commit(log) == (b"one",)
    append(path, b"o\n")
    assert read_and_commit(log) == (b"two",)


def test_uncommitted_lines_are_read_again(path: Path):
    append(path, b"one\n")
    log = UsageLog(path, None)
    assert read(log).lines == read(log).lines == (b"one",)


def test_a_new_reader_goes_on_at_the_committed_position(path: Path):
    append(path, b"one\n")
    first = UsageLog(path, None)
    batch = read(first)
    first.commit(batch.end)
    append(path, b"two\n")
    assert read(UsageLog(path, batch.end)).lines == (b"two",)


def test_lines_written_after_the_rename_and_before_the_reopen_are_read(path: Path):
    append(path, b"one\n")
    log = UsageLog(path, None)
    with path.open("ab") as envoy:
        assert read_and_commit(log) == (b"one",)
        log.rotate()
        envoy.write(b"two\n")
    append(path, b"three\n")
    assert read_and_commit(log) == (b"two", b"three")


def test_a_rotated_file_is_deleted_once_all_of_it_is_committed(path: Path):
    append(path, b"one\n")
    log = UsageLog(path, None)
    log.rotate()
    append(path, b"two\n")
    first = read(log)
    log.commit(first.end)
    assert len(list(path.parent.iterdir())) == 2
    log.commit(read(log).end)
    assert list(path.parent.iterdir()) == [path]


def test_ten_rotations_are_read_in_the_order_they_were_made(path: Path):
    log = UsageLog(path, None)
    for number in range(12):
        append(path, b"%d\n" % number)
        log.rotate()
    assert read_and_commit(UsageLog(path, None)) == tuple(b"%d" % number for number in range(12))


def test_a_truncated_file_is_read_from_its_beginning(path: Path):
    append(path, b"a long first line\n")
    log = UsageLog(path, None)
    read_and_commit(log)
    path.write_bytes(b"new\n")
    assert read_and_commit(log) == (b"new",)


def test_a_line_longer_than_a_chunk_is_handed_on_in_pieces(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(usage_log, "CHUNK_BYTES", 4)
    append(path, b"123456\nab\n")
    assert b"".join(read_and_commit(UsageLog(path, None))) == b"123456ab"


def test_lag_counts_the_bytes_that_are_not_committed(path: Path):
    append(path, b"one\n")
    log = UsageLog(path, None)
    log.rotate()
    append(path, b"three\n")
    assert log.lag == len(b"one\nthree\n")
    read_and_commit(log)
    assert log.lag == 0


@given(
    lines=st.lists(st.binary(max_size=6).map(lambda line: line.replace(b"\n", b"")), max_size=30),
    restarts=st.sets(st.integers(0, 30)),
    rotations=st.sets(st.integers(0, 30)),
)
def test_every_line_is_read_once_whatever_restarts_and_rotates(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], restarts: set[int], rotations: set[int]
):
    path = tmp_path_factory.mktemp("log") / "usage.log"
    log, position, seen = UsageLog(path, None), None, []
    for number, line in enumerate(lines):
        append(path, line + b"\n")
        if number in rotations:
            log.rotate()
        if number in restarts:
            log = UsageLog(path, position)
        batch = log.read()
        if batch is not None:
            seen.extend(batch.lines)
            position = batch.end
            log.commit(position)
    seen.extend(read_and_commit(log))
    assert seen == lines
