"""Changes of the policy reach the audit log: all of them, by whichever agent, and verify there."""

from pathlib import Path

import pytest

from gateway.sinks.audit.test_chain import changes
from gateway.sinks.place import REGION, Aws, agent_settings
from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks import changes as copying
from gwctl.agent.sinks.changes import ChangeCopier
from gwctl.audit.policy_changes import AuditRecord
from gwctl.audit.verify.reading import Days
from gwctl.environments.deploy import audit_log as places
from gwctl.environments.deploy.applied import Applied
from gwctl.stores.interfaces import UnavailableError
from support.stores.dynamodb_local import create_ledger_table


@pytest.fixture
def tables(aws: Aws) -> dict[str, str]:
    client = aws.client("dynamodb")
    return {name: create_ledger_table(client, f"{aws.name}-{name}") for name in ("audit", "documents")}


@pytest.fixture
def settings(aws: Aws, tmp_path: Path, tables: dict[str, str]) -> AgentSettings:
    named = aws.tables.model_copy(update={"audit": tables["audit"]})
    return agent_settings(tmp_path, audit_stream=aws.stream, tables=named)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one's turn is at once."""
    monkeypatch.setattr(copying, "EVERY_SECONDS", 0)


def recorded(aws: Aws, table: str, records: list[AuditRecord]) -> None:
    """Changes as the admin API stores them."""
    for change in records:
        item = {"pk": {"S": "policy"}, "sk": {"S": f"{change.version:012d}"}, "record": {"S": change.model_dump_json()}}
        aws.client("dynamodb").put_item(TableName=table, Item=item)


def versions(aws: Aws) -> list[int]:
    return [record["sequence"] for record in aws.delivered()]


def test_every_change_is_copied_once_by_whoever_has_the_turn(aws: Aws, settings: AgentSettings, tables: dict[str, str]):
    first, second = (ChangeCopier(settings, name) for name in ("a1", "b2"))
    everything = changes(250)
    recorded(aws, tables["audit"], everything[:205])
    assert first.step() == 205
    recorded(aws, tables["audit"], everything[205:])
    assert (second.step(), first.step()) == (45, 0)
    assert sorted(set(versions(aws))) == list(range(1, 251))
    assert len(versions(aws)) == sum(max(1, len(change.changes)) for change in everything)


def test_copied_changes_verify_against_the_table(aws: Aws, settings: AgentSettings, tables: dict[str, str]):
    recorded(aws, tables["audit"], changes(7))
    head = {"pk": {"S": "policy"}, "sk": {"S": "head"}, "version": {"N": "7"}}
    digest = {"audit_sha256": {"S": changes(7)[-1].digest}}
    aws.client("dynamodb").put_item(TableName=tables["documents"], Item={**head, **digest})
    ChangeCopier(settings, "a1").step()
    outputs = {
        "table_names": {**aws.tables.model_dump(), **tables},
        "audit_bucket_name": aws.bucket,
        "audit_delivery_seconds": 300,
    }
    checked = places.of_applied(Applied("test", "123456789012", REGION, aws.url, outputs), Days())
    assert checked.report.whole, checked.report.breaks
    assert [(each.name, each.first, each.proven_to) for each in checked.report.shards] == [("policy", 1, 7)]


def test_an_audit_log_that_is_away_gets_them_later(aws: Aws, settings: AgentSettings, tables: dict[str, str]):
    recorded(aws, tables["audit"], changes(3))
    aws.client("firehose").delete_delivery_stream(DeliveryStreamName=aws.stream)
    copier = ChangeCopier(settings, "a1")
    with pytest.raises(UnavailableError):
        copier.step()
    aws.create_stream()
    assert copier.step() == 3


def test_without_a_table_nothing_happens(aws: Aws, tmp_path: Path):
    assert ChangeCopier(agent_settings(tmp_path, audit_stream="s", tables=aws.tables), "a1").step() is None
