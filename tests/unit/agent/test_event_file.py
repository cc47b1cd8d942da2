"""The event file: what was committed stays, what a crash left behind goes."""

from pathlib import Path

from gwctl.agent.metering.event_file import EventFile


def test_what_was_written_behind_the_committed_size_is_cut_off(tmp_path: Path):
    path = tmp_path / "events.jsonl"
    first = EventFile(path, 0)
    first.append([b"kept"])
    committed = first.size
    first.append([b"uncommitted"])
    first.close()
    second = EventFile(path, committed)
    second.append([b"after"])
    second.close()
    assert path.read_bytes() == b"kept\nafter\n"


def test_a_file_that_was_moved_away_starts_anew(tmp_path: Path):
    path = tmp_path / "events.jsonl"
    file = EventFile(path, 10_000)
    file.append([b"one"])
    file.close()
    assert path.read_bytes() == b"one\n"


def test_only_the_owner_can_read_it(tmp_path: Path):
    path = tmp_path / "events.jsonl"
    EventFile(path, 0).close()
    assert path.stat().st_mode & 0o777 == 0o600
