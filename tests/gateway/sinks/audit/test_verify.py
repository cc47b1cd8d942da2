"""`gwctl audit verify` on what was delivered: files of JSON and of Parquet, S3, a local gateway, a damaged log."""

import gzip
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.sinks.audit.test_chain import Records, changes, policy_chain, usage_chain
from gateway.sinks.place import REGION, Aws, Events, agent_settings, event
from gateway.sinks.test_shipper import drained
from gwctl.audit.chain import Record, columns_of, to_line
from gwctl.audit.verify.reading import Days
from gwctl.cli.main import run
from gwctl.environments.deploy import audit_log as places
from gwctl.environments.deploy.applied import Applied
from gwctl.ledger.metering.events import UsageEvent
from gwctl.stores.aws.audit.sent_changes import PLACE
from support.audit_chain import usage_records
from support.stores.dynamodb_local import create_ledger_table

MODULE = Path(__file__).resolve().parents[4] / "modules" / "audit_log"
TYPES: dict[str, Any] = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
}
ALL_DAYS = Days()


def glue_schema() -> Any:
    """The columns of the Glue table, as Firehose writes them to Parquet."""
    found = re.findall(r'\{ name = "(\w+)", type = "(\w+)"', (MODULE / "columns.tf").read_text())
    assert len(found) > 40
    return pa.schema([(name, TYPES[kind]) for name, kind in found])


def as_parquet(records: Records, path: Path) -> None:
    """Writes records as Firehose's conversion does: JSON keys become columns, and what has no column is lost."""
    schema = glue_schema()
    rows = [{name: columns_of(json.loads(to_line(record))).get(name) for name in schema.names} for record in records]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def as_json(records: Records, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(to_line, records)))


def chain_of(*events: UsageEvent) -> Records:
    return usage_records(events)


FULL = event(
    time_to_first_chunk=0.1 + 0.2,
    duration=1e-05,
    stream=True,
    team="sürch",
    error_type="overloaded_error",
    estimated="cut",
    attempts=2,
    cache_read_tokens=7,
    reasoning_tokens=3,
    cost_nano_usd=2**60 + 1,
    response_model="gpt",
    service_tier="flex",
    refusal="",
)


def test_hashes_survive_parquet(tmp_path: Path):
    records = [*chain_of(FULL, event(1, team=None, client=None, cost_nano_usd=None), event(2)), *policy_chain()]
    as_parquet(records[:3], tmp_path / "year=2026/month=11/day=21/team=search/a.parquet")
    as_parquet(records[3:], tmp_path / "year=2026/month=11/day=21/team=none/b.parquet")
    report = places.in_directory(tmp_path, ALL_DAYS).report
    assert report.whole, report.breaks
    assert report.records == len(records)


def test_every_field_of_an_event_has_a_column_for_it():
    assert set(UsageEvent.model_fields) <= set(glue_schema().names)


def test_every_field_of_the_records_has_a_column_of_its_type():
    schema = glue_schema()
    for record in (*chain_of(FULL), *policy_chain()):
        for name, value in columns_of(record).items():
            expected = {bool: pa.bool_(), float: pa.float64(), str: pa.string()}.get(type(value))
            assert value is None or schema.field(name).type in ((expected,) if expected else (pa.int32(), pa.int64()))


def test_json_plain_and_compressed(tmp_path: Path):
    records = usage_chain()
    as_json(records[:5], tmp_path / "a.json")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"".join(map(to_line, records[5:]))))
    assert places.in_directory(tmp_path, ALL_DAYS).report.whole


@pytest.mark.parametrize("damage", [b"PAR1 not really", b"\x1f\x8bnot really", b"{half", b"[1]"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes):
    as_json(usage_chain(), tmp_path / "a.json")
    (tmp_path / "b").write_bytes(damage)
    (found,) = places.in_directory(tmp_path, ALL_DAYS).report.breaks
    assert found.kind == "unreadable"
    assert found.shard.startswith("b")


def days_of_requests() -> Records:
    """Requests of three days; the first to end on the 21st had begun on the 20th, and so on."""
    moments = [
        *((20, 10), (20, 23), (21, 0), (20, 23), (21, 10)),
        *((21, 23), (22, 0), (21, 23), (22, 10)),
    ]
    return chain_of(
        *(event(n, started_at=datetime(2026, 11, day, hour, 59, tzinfo=UTC)) for n, (day, hour) in enumerate(moments))
    )


def by_day(records: Records, root: Path) -> None:
    days = sorted({record["time"][:10] for record in records})
    for day in days:
        year, month, number = day.split("-")
        as_json(
            [record for record in records if record["time"].startswith(day)],
            root / f"year={year}/month={month}/day={number}/team=search/a.json",
        )


def test_a_day_is_whole_although_requests_of_the_next_one_ended_in_between(tmp_path: Path):
    by_day(days_of_requests(), tmp_path)
    report = places.in_directory(tmp_path, Days(date(2026, 11, 21), date(2026, 11, 21))).report
    assert report.whole, report.breaks
    assert report.records == 4


def test_a_record_missing_in_the_range_is_named(tmp_path: Path):
    records = days_of_requests()
    by_day([*records[:4], *records[5:]], tmp_path)
    report = places.in_directory(tmp_path, Days(date(2026, 11, 21), date(2026, 11, 21))).report
    assert [(each.sequence, each.kind) for each in report.breaks] == [(4, "missing")]


def test_the_command_says_that_all_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    records = usage_chain()
    as_json([*records, *records[:2]], tmp_path / "a.json")
    head = f"a1:9:{records[9]['hash']}"
    assert run(["audit", "verify", "--path", str(tmp_path), "--head", head]) == 0
    output = capsys.readouterr().out
    assert "a1  0 to 9  10 records, confirmed by a head up to 9" in output
    assert "The audit log is whole: 12 records, 2 of them copies, all days." in output


def test_the_command_names_the_first_break(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    records = usage_chain()
    as_json([*records[:3], *records[4:]], tmp_path / "a.json")
    assert run(["audit", "verify", "--path", str(tmp_path)]) == 1
    assert "a1 3: record 3 is missing" in capsys.readouterr().err


def test_the_command_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    as_json(usage_chain()[:3], tmp_path / "a.json")
    assert run(["audit", "verify", "--path", str(tmp_path), "--head", f"a1:9:{'f' * 64}", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["whole"], document["breaks"][0]["kind"]) == (False, "truncated")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--path", "/nowhere"], "not a directory"),
        (["--path", ".", "--env", "dev"], "exclude each other"),
        (["--head", "a:1:b"], "--head is for --path"),
        (["--path", ".", "--head", "a:1:b"], "is not SHARD:SEQUENCE:HASH"),
        (["--from", "2026-11-22", "--to", "2026-11-21"], "turn the two round"),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]):
    assert run(["audit", "verify", *arguments]) == 1
    assert message in " ".join(capsys.readouterr().err.split())


@pytest.fixture
def applied(aws: Aws) -> Applied:
    """`aws` as if it had been deployed."""
    dynamodb = aws.client("dynamodb")
    names = {each: create_ledger_table(dynamodb, f"{aws.name}-{each}") for each in ("documents", "audit")}
    outputs = {
        "table_names": {**aws.tables.model_dump(), **names},
        "audit_bucket_name": aws.bucket,
        "audit_delivery_seconds": 300,
    }
    return Applied("test", "123456789012", REGION, aws.url, outputs)


@pytest.fixture
def delivered(aws: Aws, tmp_path: Path, applied: Applied) -> None:
    """Two agents that have shipped 1,100 events each."""
    for agent in ("a1", "b2"):
        root = tmp_path / agent
        root.mkdir()
        settings = agent_settings(root, audit_stream=aws.stream, tables=aws.tables)
        Events(settings).write(event(n, id=f"{agent}-{n}") for n in range(1100))
        drained(settings, agent)


def test_what_agents_shipped_is_whole_and_confirmed_to_its_end(delivered: None, applied: Applied):
    checked = places.of_applied(applied, ALL_DAYS)
    assert checked.report.whole, checked.report.breaks
    assert [(each.name, each.last, each.proven_to) for each in checked.report.shards] == [
        ("a1", 1099, 1099),
        ("b2", 1099, 1099),
    ]


def test_a_deleted_object_is_named_whichever_it_is(delivered: None, applied: Applied, aws: Aws):
    s3 = aws.client("s3")
    for item in s3.list_objects_v2(Bucket=aws.bucket)["Contents"]:
        body = s3.get_object(Bucket=aws.bucket, Key=item["Key"])["Body"].read()
        s3.delete_object(Bucket=aws.bucket, Key=item["Key"])
        found = places.of_applied(applied, ALL_DAYS).report.breaks
        assert found, item["Key"]
        first = json.loads(body.splitlines()[0])
        assert (found[0].shard, found[0].sequence) == (first["shard"], first["sequence"])
        s3.put_object(Bucket=aws.bucket, Key=item["Key"], Body=body)
    assert places.of_applied(applied, ALL_DAYS).report.whole


def put_changes(aws: Aws, applied: Applied, *, head: str | None = None) -> None:
    """Changes of the policy, as the admin API stores them."""
    client, names = aws.client("dynamodb"), applied.output("table_names")
    for change in changes():
        item = {"pk": {"S": "policy"}, "sk": {"S": f"{change.version:012d}"}, "record": {"S": change.model_dump_json()}}
        client.put_item(TableName=names["audit"], Item=item)
    last = changes()[-1]
    place = {"pk": {"S": "policy"}, "sk": {"S": "head"}, "version": {"N": str(last.version)}}
    client.put_item(TableName=names["documents"], Item={**place, "audit_sha256": {"S": head or last.digest}})


def test_changes_of_the_policy_are_checked_in_their_table(delivered: None, applied: Applied, aws: Aws):
    put_changes(aws, applied)
    checked = places.of_applied(applied, ALL_DAYS)
    assert checked.report.whole, checked.report.breaks
    assert "those from version 1 on are checked in the admin API's own table alone" in checked.remarks[0]


def test_changes_that_do_not_lead_to_the_policy_in_force_are_named(delivered: None, applied: Applied, aws: Aws):
    put_changes(aws, applied, head="f" * 64)
    (found,) = places.of_applied(applied, ALL_DAYS).report.breaks
    assert (found.shard, found.kind) == ("policy (table)", "truncated")


def test_a_policy_without_its_head_is_named(applied: Applied, aws: Aws):
    put_changes(aws, applied)
    key = {"pk": {"S": "policy"}, "sk": {"S": "head"}}
    aws.client("dynamodb").delete_item(TableName=applied.output("table_names")["documents"], Key=key)
    (found,) = places.of_applied(applied, ALL_DAYS).report.breaks
    assert (found.shard, found.kind) == ("policy (table)", "truncated")


def test_changes_missing_in_the_log_are_named(applied: Applied, aws: Aws):
    put_changes(aws, applied)
    aws.client("dynamodb").put_item(TableName=aws.tables.ledger, Item={**PLACE, "version": {"N": "4"}})
    records: list[Record] = [record for record in policy_chain() if record["sequence"] < 4]
    aws.client("s3").put_object(Bucket=aws.bucket, Key="records/a.json", Body=b"".join(map(to_line, records)))
    (found,) = places.of_applied(applied, ALL_DAYS).report.breaks
    assert (found.shard, found.sequence, found.kind) == ("policy", 4, "truncated")
