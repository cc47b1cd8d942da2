"""The journal of reservations: what a killed agent leaves for its next life, and what is not believed."""

import json
import time
from pathlib import Path

import pytest

from gwctl.agent.reserve import journal as module
from gwctl.agent.reserve.call import Asked, parse_call
from gwctl.agent.reserve.journal import ReservationJournal
from gwctl.ledger.quotas.lease import AgentLease
from gwctl.ledger.quotas.reservation import Amounts, Reservation
from gwctl.ledger.quotas.store import WindowKey
from unit.agent.reserving import call

KEY = WindowKey("money", "nano_usd", "2026-11")
HOUR = 3600.0


def opened(journal: ReservationJournal, request_id: str, bound: int = 400, edge: int = 7) -> None:
    header = json.dumps(call(id=request_id)).encode()
    bounds: Amounts = {"nano_usd": bound, "tokens": 10, "requests": 1}
    reservation = Reservation(request_id, [(AgentLease(KEY, "a", "w"), bound)], bounds, 0.0)
    journal.opened(reservation, Asked(parse_call(header), edge, header))


def journal_of(path: Path, agent: str = "a", *, fresh: bool = False) -> ReservationJournal:
    return ReservationJournal(path, agent, fresh=fresh, unknown_seconds=HOUR)


def test_the_next_life_finds_what_has_not_ended(tmp_path: Path) -> None:
    killed = journal_of(tmp_path / "j", fresh=True)
    for request_id in ("one", "two", "three\n"):
        opened(killed, request_id)
    killed.closed("two")
    killed.closed("three\n")
    found = journal_of(tmp_path / "j")
    (entry,) = found.in_flight()
    assert (entry.asked.call.id, entry.asked.edge, entry.parts, entry.bounds["tokens"]) == ("one", 7, ((KEY, 400),), 10)
    assert abs(entry.made_at - time.time()) < 60
    assert found.complete_from == 0


def test_a_line_that_is_not_whole_was_never_answered(tmp_path: Path) -> None:
    opened(journal_of(tmp_path / "j", fresh=True), "one")
    with (tmp_path / "j").open("ab") as file:
        file.write(b"+ 7 1234.5 1,2,3 money/nano_usd/2026-11=4 {")
    assert [entry.asked.call.id for entry in journal_of(tmp_path / "j").in_flight()] == ["one"]


def test_without_a_journal_of_its_own_nothing_is_known_for_as_long_as_a_stream_may_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = journal_of(tmp_path / "missing")
    assert missing.complete_from > time.time() + HOUR - 60
    assert journal_of(tmp_path / "missing").complete_from == missing.complete_from, "also not in the life after"
    opened(journal_of(tmp_path / "j", fresh=True), "one")
    assert journal_of(tmp_path / "j", "another").in_flight() == []
    opened(journal_of(tmp_path / "k", fresh=True), "one")
    (tmp_path / "boot").write_text("another-boot\n")
    monkeypatch.setattr(module, "BOOT_ID", tmp_path / "boot")
    rebooted = journal_of(tmp_path / "k")
    assert rebooted.in_flight() == []
    assert rebooted.complete_from > time.time()


def test_the_file_is_written_anew_with_what_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANEW_BYTES", 2000)
    journal = journal_of(tmp_path / "j", fresh=True)
    opened(journal, "stays")
    for number in range(100):
        opened(journal, str(number))
        journal.closed(str(number))
    assert (tmp_path / "j").stat().st_size < 5000
    assert [entry.asked.call.id for entry in journal_of(tmp_path / "j").in_flight()] == ["stays"]
