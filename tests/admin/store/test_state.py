"""Documents at one version: changes, archives and the chain of audit records."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given

from gwctl.audit.policy_changes import AuditRecord, document_changes, verify
from gwctl.policy.documents import Documents, Team
from gwctl.policy.state import SECTIONS, Change, Head, State, StateError, sha256_of
from unit.policy.examples import documents, policies

NOW = datetime(2026, 11, 21, 10, 5, 0, 123456, tzinfo=UTC)


def state_of(content: Documents, version: int = 7) -> State:
    changes = [Change(section, d.id, d) for section in SECTIONS for d in getattr(content, section)]
    return State().with_changes(changes, Head(version, "digest"), "someone", NOW)


@given(policies())
def test_an_archive_gives_back_the_state_that_it_was_made_of(content: Documents):
    state = state_of(content)
    assert State.from_archive(state.to_archive()) == state


def test_equal_states_have_equal_archives():
    assert state_of(documents()).to_archive() == state_of(documents()).to_archive()


@pytest.mark.parametrize("damage", [b"", b"{}", gzip.compress(b"{}", mtime=0), gzip.compress(b'{"head": 1}', mtime=0)])
def test_a_damaged_archive_is_refused(damage: bytes):
    with pytest.raises(StateError):
        State.from_archive(damage)


def test_a_truncated_archive_is_refused():
    with pytest.raises(StateError):
        State.from_archive(state_of(documents()).to_archive()[:-20])


def test_a_change_leaves_the_state_before_it_as_it_was():
    before = state_of(documents())
    after = before.with_changes([Change("teams", "search", None)], Head(8), "someone", NOW)
    assert before.get("teams", "search")
    assert after.get("teams", "search") is None
    assert after.sections["routes"] is before.sections["routes"]


def records(count: int) -> list[AuditRecord]:
    state, found = State(), []
    for version in range(1, count + 1):
        changes = [Change("teams", f"t{version}", Team(id=f"t{version}"))]
        found.append(
            AuditRecord(
                version=version,
                time=NOW,
                actor="someone",
                action="put",
                request_id="r",
                changes=document_changes(state, changes),
                policy_sha256="0" * 64,
                previous_sha256=found[-1].digest if found else "",
            )
        )
    return found


def test_a_whole_chain_of_records_verifies():
    assert verify(records(5)) is None


def test_a_missing_record_is_noticed():
    chain = records(5)
    assert verify([*chain[:2], *chain[3:]]) == "the record of version 3 is missing"


def test_an_altered_record_is_noticed():
    chain = records(5)
    chain[2] = chain[2].model_copy(update={"actor": "somebody else"})
    assert verify(chain) == "the record of version 3 is not the one that version 4 followed"


def test_a_record_has_the_hashes_of_before_and_after():
    state = state_of(documents())
    stored = state.get("teams", "search")
    assert stored
    new = Team(id="search", models=())
    change = document_changes(state, [Change("teams", "search", new)])[0]
    assert (change.before_sha256, change.after_sha256) == (sha256_of(stored.document), sha256_of(new))
    assert change.before_sha256 != change.after_sha256


def test_a_record_of_a_new_or_deleted_document_has_one_hash():
    state = state_of(documents())
    new, gone = document_changes(state, [Change("teams", "n", Team(id="n")), Change("teams", "search", None)])
    assert (new.before_sha256, gone.after_sha256) == (None, None)
    assert new.after_sha256
    assert gone.before_sha256
