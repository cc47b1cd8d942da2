"""The word by which the agent closes the edge and opens it."""

from pathlib import Path

import pytest

from gwctl.agent.metering.gate import CLOSED, OPEN, Gate


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pressure"


def test_it_closes_and_opens_again_and_again(path: Path):
    gate = Gate(path)
    gate.set(None)
    for _ in range(2):
        gate.set("no room")
        assert path.read_bytes() == CLOSED
        gate.set(None)
        assert path.read_bytes() == OPEN


def test_a_disk_without_room_does_not_keep_it_from_closing(path: Path, monkeypatch: pytest.MonkeyPatch):
    gate = Gate(path)
    gate.set(None)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gwctl.agent.metering.gate.write_atomically", full)
    gate.set("no room")
    gate.set("no room")
    assert path.read_bytes() == CLOSED
    with pytest.raises(OSError, match="No space"):
        gate.set(None)
    assert path.read_bytes() == CLOSED
    monkeypatch.undo()
    gate.set(None)
    assert path.read_bytes() == OPEN


def test_an_agent_that_starts_anew_opens_what_its_former_life_closed(path: Path):
    gate = Gate(path)
    gate.set(None)
    gate.set("no room")
    Gate(path).set(None)
    assert path.read_bytes() == OPEN
