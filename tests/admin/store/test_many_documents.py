"""Changes of more documents than one transaction takes, on moto and on DynamoDB's own engine."""

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from admin.place import Place, aws_client
from gwctl.audit.policy_changes import AuditRecord, detachment, document_changes
from gwctl.policy.documents import Team
from gwctl.policy.state import Change, Head, State
from gwctl.stores.aws.policy.base import KEPT_SECONDS, PolicyBase
from gwctl.stores.aws.tables import Table
from gwctl.stores.interfaces import Commit, CommitTooLargeError, PolicyMovedError, UnavailableError


def teams(count: int, name: str = "") -> list[Change]:
    return [Change("teams", f"t{n}", Team(id=f"t{n}", name=name)) for n in range(count)]


def commit_of(before: State, changes: list[Change]) -> Commit:
    now = datetime.now(UTC)
    made = document_changes(before, changes)
    documents, digest = detachment(made)
    record = AuditRecord(
        version=before.version + 1,
        time=now,
        actor="operator",
        action="apply",
        request_id="r",
        changes=made,
        policy_sha256="",
        previous_sha256=before.head.audit_sha256,
        documents=documents,
        documents_sha256=digest,
    )
    return Commit(
        before, before.with_changes(changes, Head(record.version, record.digest), "operator", now), changes, record
    )


def stored(place: Place, before: State, changes: list[Change]) -> State:
    commit = commit_of(before, changes)
    place.documents().commit(commit)
    return commit.after


def generations(place: Place) -> set[str]:
    table = place.settings.tables.documents
    items = aws_client("dynamodb", place.dynamodb_url).scan(TableName=table)["Items"]
    return {item["sk"]["S"].partition("#")[0] for item in items if item["pk"]["S"] == "base"}


def rows(place: Place) -> int:
    table = place.settings.tables.documents
    items = aws_client("dynamodb", place.dynamodb_url).scan(TableName=table)["Items"]
    return sum(item["pk"]["S"].startswith("teams") for item in items)


def test_hundreds_of_documents_are_written_at_once_and_read_as_they_were(engine_place: Place):
    place = engine_place
    first = stored(place, State(), teams(3, "first"))
    many = stored(place, first, teams(500, "many"))
    after = stored(place, many, [Change("teams", "t0", None), Change("teams", "t1", Team(id="t1", name="last"))])
    assert place.documents().load() == after
    assert place.documents().load_since(many, after.head) == after
    assert place.documents().load_since(first, after.head) is None, "too much has changed to be read one by one"
    records = place.documents().records()
    assert [len(record.changes) for record in records] == [2, 500, 3]
    assert records[1].digest == records[0].previous_sha256


def test_of_two_large_changes_of_one_version_one_is_made(engine_place: Place):
    place = engine_place
    commits = [commit_of(State(), teams(150, name)) for name in ("one", "two")]
    start, outcomes = threading.Barrier(2), list[Any]()

    def write(commit: Commit) -> None:
        start.wait()
        try:
            place.documents().commit(commit)
            outcomes.append(commit.after)
        except PolicyMovedError:
            outcomes.append(None)

    threads = [threading.Thread(target=write, args=(commit,)) for commit in commits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [outcome for outcome in outcomes if outcome]
    assert len(won) == 1
    assert place.documents().load() == won[0]


def test_a_reader_never_sees_a_part_of_a_large_change(place: Place):
    state, seen, ended = stored(place, State(), teams(150, "0")), set[frozenset[str]](), threading.Event()

    def read() -> None:
        while not ended.is_set():
            with suppress(UnavailableError):  # as changes follow each other here, one may come into every attempt
                entries = place.documents().load().sections["teams"].values()
                seen.add(frozenset(getattr(each.document, "name", "") for each in entries))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 6):
        state = stored(place, state, teams(150, str(number)))
    ended.set()
    reader.join()
    assert all(len(names) == 1 for names in seen), "each read is of one version"


def test_a_writer_that_was_cut_off_before_the_last_write_leaves_nothing_that_is_seen(place: Place):
    before = stored(place, State(), teams(3))
    lost = PolicyBase(Table(aws_client("dynamodb", place.dynamodb_url), place.settings.tables.documents))
    lost.write(commit_of(before, teams(200, "lost")).after)
    assert place.documents().load() == before
    after = stored(place, before, [Change("teams", "t1", None)])
    assert place.documents().load() == after


def test_what_a_cut_off_writer_has_left_is_deleted_by_a_later_one(place: Place):
    table = Table(aws_client("dynamodb", place.dynamodb_url), place.settings.tables.documents)
    before = stored(place, State(), teams(3))
    lost = PolicyBase(table, lambda: time.time() - KEPT_SECONDS - 1).write(before)
    fresh = PolicyBase(table).write(before)
    stored(place, before, teams(200))
    assert lost not in generations(place)
    assert fresh in generations(place), "its writer may be about to make it the current one"
    assert (len(generations(place)), rows(place)) == (2, 0)


def test_documents_of_a_generation_before_are_deleted(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gwctl.stores.aws.policy.base.KEPT_SECONDS", -1)
    state = stored(place, stored(place, State(), teams(3)), teams(200))
    state = stored(place, state, [Change("teams", "t5", Team(id="t5", name="x")), Change("teams", "t6", None)])
    assert rows(place) == 2
    state = stored(place, state, teams(200, "new"))
    assert (len(generations(place)), rows(place)) == (1, 0)
    assert place.documents().load() == state


def test_more_than_one_record_can_hold_is_refused_and_nothing_is_stored(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gwctl.stores.aws.policy.records.MAX_BYTES", 1000)
    with pytest.raises(CommitTooLargeError):
        stored(place, State(), teams(200))
    with place.admin() as admin:
        body = {"documents": {"teams": [{"id": f"t{n}"} for n in range(200)]}}
        message = admin.post("/policy/apply", body).refused(422, "too_many")["message"]
    assert message.startswith("200 documents change at once")
    assert place.documents().load() == State()


def test_few_documents_that_are_too_large_for_a_transaction_are_packed_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gwctl.stores.aws.policy.documents.MAX_BYTES", 100)
    state = stored(place, State(), teams(5))
    assert (len(generations(place)), rows(place)) == (1, 0)
    assert place.documents().load() == state
