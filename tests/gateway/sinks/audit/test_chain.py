"""The chain of audit records: deterministic, and every kind of damage is found and named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sinks.place import event
from gwctl.audit.chain import EMPTY, GENESIS, Head, columns_of, hash_of, usage_record
from gwctl.audit.changes import SHARD, change_records
from gwctl.audit.policy_changes import AuditRecord, DocumentChange, detachment
from gwctl.audit.verify.records import Verifier
from support.audit_chain import usage_records, verify

Records = list[dict[str, Any]]


def usage_chain(count: int = 10, shard: str = "a1") -> Records:
    return usage_records(map(event, range(count)), shard)


def changes(count: int = 4) -> list[AuditRecord]:
    """Changes of the policy, as the admin API records them."""
    found: list[AuditRecord] = []
    for version in range(1, count + 1):
        documents = tuple(
            DocumentChange(section="teams", id=f"team-{n}", before_sha256=None, after_sha256=f"{version}{n}")
            for n in range(version % 3)
        )
        found.append(
            AuditRecord(
                version=version,
                time=datetime(2026, 11, 21, 10, tzinfo=UTC) + timedelta(seconds=version),
                actor="operator",
                action="created",
                request_id=f"r{version}",
                changes=documents,
                policy_sha256="p",
                previous_sha256=found[-1].digest if found else "",
            )
        )
    return found


def policy_chain(count: int = 4) -> Records:
    return [record for change in changes(count) for record in change_records(change)]


def rehashed(record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The record as somebody would forge it: altered, with a hash that fits."""
    forged = {**record, **fields}
    return {**forged, "hash": hash_of(forged)}


def first_break(records: Records, heads: dict[str, list[Head]] | None = None) -> tuple[int, str]:
    report = verify(records, heads)
    return report.breaks[0].sequence, report.breaks[0].kind


def test_an_untouched_log_is_whole():
    report = verify([*usage_chain(10, "a1"), *usage_chain(5, "b2"), *policy_chain()])
    assert report.whole, report.breaks
    assert [(each.name, each.first, each.last) for each in report.shards] == [
        ("a1", 0, 9),
        ("b2", 0, 4),
        (SHARD, 1, 4),
    ]


def test_the_first_record_follows_nothing():
    assert usage_chain(1)[0]["previous_hash"] == GENESIS


def test_the_same_event_at_the_same_place_is_the_same_record():
    assert usage_chain() == usage_chain()


def test_a_record_has_the_same_hash_by_columns_as_by_json_keys():
    record = usage_chain(1)[0]
    assert hash_of(columns_of(record)) == record["hash"] == hash_of(record)


def test_nulls_and_empty_texts_do_not_matter_for_the_hash():
    record = usage_chain(1)[0]
    without = {name: value for name, value in record.items() if value is not None and value != ""}
    assert hash_of(without) == record["hash"]


def test_the_time_is_in_utc_whatever_the_event_says():
    late = datetime.fromisoformat("2026-11-22T00:30:00+02:00")
    record, _ = usage_record(json.loads(event(started_at=late).to_json()), "a1", EMPTY)
    assert record["time"] == "2026-11-21T22:30:00.000Z"


@pytest.mark.parametrize(
    "wrong", [{}, {"id": "x"}, {"id": "x", "started_at": "yesterday"}, {"id": "x", "started_at": 5}]
)
def test_what_is_no_event_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match="not a usage event"):
        usage_record(wrong, "a1", EMPTY)


def test_texts_without_end_are_cut():
    record, _ = usage_record({**json.loads(event().to_json()), "error.type": "x" * 5_000_000}, "a1", EMPTY)
    assert len(json.dumps(record)) < 10_000


def test_copies_are_no_break():
    records = usage_chain()
    report = verify([*records, *records[3:7], *policy_chain(), *policy_chain()])
    assert report.whole
    assert report.duplicates == 4 + len(policy_chain())


def test_the_order_of_files_does_not_matter():
    assert verify(reversed(usage_chain())).whole


def test_an_altered_record_is_named():
    records = usage_chain()
    records[4] = {**records[4], "cost_nano_usd": 1}
    assert first_break(records) == (4, "altered")


def test_an_added_field_is_an_alteration():
    records = usage_chain()
    records[4] = {**records[4], "refusal": "made up"}
    assert first_break(records) == (4, "altered")


def test_an_altered_record_with_a_fitting_hash_is_found_by_the_next_one():
    records = usage_chain()
    records[4] = rehashed(records[4], cost_nano_usd=1)
    assert first_break(records) == (5, "reordered")


def test_a_deleted_record_is_named():
    records = usage_chain()
    del records[4]
    assert first_break(records) == (4, "missing")


def test_deleted_records_are_named_as_a_range():
    records = usage_chain()
    report = verify([*records[:3], *records[6:]])
    assert str(report.breaks[0]) == "a1 3: records 3 to 5 are missing"


def test_records_that_changed_places_are_named():
    records = usage_chain()
    records[4], records[5] = rehashed(records[5], sequence=4), rehashed(records[4], sequence=5)
    assert first_break(records) == (4, "reordered")


def test_a_second_record_for_a_place_is_named():
    records = usage_chain()
    assert first_break([*records, rehashed(records[4], client="somebody-else")]) == (4, "contradiction")


def test_a_log_cut_off_at_the_beginning_is_named():
    assert first_break(usage_chain()[3:]) == (0, "missing")


def test_a_log_cut_off_at_the_end_is_named_by_a_head():
    records = usage_chain()
    heads = {"a1": [Head(9, records[9]["hash"])]}
    assert first_break(records[:6], heads) == (6, "truncated")


def test_a_chain_that_is_gone_altogether_is_named_by_a_head():
    assert first_break([], {"a1": [Head(9, "h")]}) == (0, "truncated")


def test_a_chain_written_anew_is_named_by_a_head():
    records = usage_chain()
    forged = usage_records([event(0, cost_nano_usd=1), *map(event, range(1, 10))])
    assert verify(forged).whole
    assert first_break(forged, {"a1": [Head(9, records[9]["hash"])]}) == (9, "altered")


def test_what_heads_confirm_is_said():
    records = usage_chain()
    heads = {"a1": [Head(3, records[3]["hash"]), Head(7, records[7]["hash"])]}
    assert verify(records, heads).shards[0].proven_to == 7


def test_a_range_may_begin_within_a_chain():
    verifier = Verifier(from_start=False)
    for record in usage_chain()[5:]:
        verifier.add(record)
    assert verifier.report().whole


def test_records_beside_the_range_fill_gaps_and_are_not_missed():
    verifier = Verifier(from_start=False)
    for record in usage_chain():
        if record["sequence"] != 1:
            verifier.add(record, wanted=3 <= record["sequence"] <= 7 and record["sequence"] != 5)
    report = verifier.report()
    assert report.whole, report.breaks
    assert (report.shards[0].first, report.shards[0].last) == (3, 7)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda r: [{**r[0], "actor": "nobody"}, *r[1:]], (1, "altered")),
        (lambda r: [{**r[0], "change": r[0]["change"].replace("operator", "nobody")}, *r[1:]], (1, "altered")),
        (lambda r: [each for each in r if each["sequence"] != 3], (3, "missing")),
        (lambda r: [each for each in r if each["id"] != "2.1"], (2, "missing")),
        (lambda r: [each for each in r if each["sequence"] != 1], (1, "missing")),
    ],
)
def test_damage_to_the_record_of_a_change_is_named(damage: Callable[[Records], Records], expected: tuple[int, str]):
    assert first_break(damage(policy_chain())) == expected


def large_change(documents: int = 150) -> Records:
    """A change of more documents than its record lists, after a small one."""
    first = changes(1)[0]
    made = tuple(
        DocumentChange(section="teams", id=f"team-{n}", before_sha256=None if n % 2 else "b", after_sha256=f"a{n}")
        for n in range(documents)
    )
    count, digest = detachment(made)
    fields = {"version": 2, "changes": made, "previous_sha256": first.digest}
    large = first.model_copy(update={**fields, "documents": count, "documents_sha256": digest})
    return [*change_records(first), *change_records(large)]


def test_the_records_of_a_large_change_together_are_its_list():
    records = large_change()
    assert max(len(json.dumps(record)) for record in records) < 1500, "none repeats the whole list"
    assert verify(records).whole
    assert verify(records[::-1]).whole


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda records: records[:-1], (2, "missing")),
        (lambda records: [*records[:-1], {**records[-1], "after_hash": "forged"}], (2, "altered")),
        (lambda records: [*records[:-1], {**records[-1], "document_id": "other"}], (2, "altered")),
        (lambda records: [*records[:-1], {**records[-1], "document_kind": "nothing"}], (2, "altered")),
        (lambda records: [*records, {**records[-1], "after_hash": "forged"}], (2, "altered")),
        (lambda records: [*records, {**records[-1], "id": "2.150"}], (2, "altered")),
        (lambda records: [*records[:-1], {**records[-1], "actor": "nobody"}], (2, "altered")),
    ],
    ids=["missing", "another hash", "another document", "no kind", "two versions", "one too many", "another actor"],
)
def test_damage_to_a_record_of_a_large_change_is_named(damage: Callable[[Records], Records], expected: tuple[int, str]):
    assert first_break(damage(large_change())) == expected


def test_a_change_written_anew_is_found_by_the_next_one():
    first, *rest = changes()
    forged = first.model_copy(update={"actor": "nobody"})
    records = [record for change in (forged, *rest) for record in change_records(change)]
    assert first_break(records) == (2, "reordered")


def test_what_is_no_record_is_named():
    assert first_break([*usage_chain(), {"id": "x"}])[1] == "unreadable"


@given(
    damage=st.sampled_from(["delete", "alter", "forge"]),
    place=st.integers(0, 8),
    field=st.sampled_from(["cost_nano_usd", "client", "time", "previous_hash", "sequence", "shard"]),
)
def test_no_damage_before_the_last_record_goes_unnoticed(damage: str, place: int, field: str):
    records = usage_chain()
    if damage == "delete":
        del records[place]
    else:
        altered = {**records[place], field: 99 if field in ("cost_nano_usd", "sequence") else "f" * 64}
        records[place] = rehashed(altered) if damage == "forge" else altered
    assert not verify(records).whole
