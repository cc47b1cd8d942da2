"""`gwctl usage` against a real admin API, its usage table and its ledger."""

import csv
import gzip
import io
import json
from pathlib import Path

import focus_validator
import pyarrow as pa
import pytest
from focus_validator.validator import Validator
from pyarrow import parquet

from admin.place import today
from admin.servers import RunningAdmin
from cli.conftest import Done, Gwctl, Write
from cli.usage_events import charge, event, refused, write_events
from gwctl.audit import chain
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.usage import focus
from gwctl.local.data_dir import DataDir
from gwctl.policy.compile import compile_policy
from gwctl.policy.validation import validate_documents
from support.audit_chain import usage_records


def rows_of(done: Done) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(done.ok().out)))


def test_the_ledgers_sums_are_listed_and_shown(gw: Gwctl, server: RunningAdmin, name: str):
    charge(server, event(name), event(name, model="smart", cost_nano_usd=1_500_000_000), refused(name))
    listed = gw("usage", "list", "--period", "2026-11", "--by", "team,model", "--team", name, "-o", "json").json()
    costs = {(row["team"], row["model"]): row["cost_nano_usd"] for row in listed}
    assert costs == {(name, "-"): 0, (name, "fast"): 30_000, (name, "smart"): 1_500_000_000}
    shown = gw("usage", "show", name, "--period", "2026-11-21").ok().out
    assert f"{name}-client" in shown
    assert "$1.50003" in shown.splitlines()[-1]
    assert gw("usage", "list", "--period", "2001-01").ok().err == "Nothing was used in 2001-01-01..2001-01-31.\n"


def test_a_table_names_clients_and_what_has_no_price(
    gw: Gwctl, data: DataDir, write: Write, server: RunningAdmin, name: str
):
    gw("apply", "-f", write(teams=[{"id": name}]), "--yes").ok()
    client = gw("teams", "clients", "create", name, "--name", "indexer", "-o", "json").json()["client_id"]
    free = event(name, client=client, model="own", cost_nano_usd=None, price_source=None)
    events = [free, event(name, client=client), event(name, client=client, cost_nano_usd=None)]
    charge(server, *events)
    write_events(data.usage_events, *events)
    for command in (["show", name], ["report"]):
        lines = gw("usage", *command, "--period", "2026-11").ok().out.splitlines()
        costs = {line.split()[-1] if "+" not in line else " ".join(line.split()[-4:]) for line in lines[1:]}
        assert costs == {"unpriced", "$0.00003 + 1 unpriced", "$0.00003 + 2 unpriced"}
        assert sum(f"indexer ({client})" in line for line in lines) == 2


def test_a_report_is_exact_to_the_nano_dollar(gw: Gwctl, data: DataDir, tmp_path: Path):
    events = [event(cost_nano_usd=1) for _ in range(3)] + [event("web", cost_nano_usd=10**18 + 1), refused()]
    write_events(data.usage_events, *events)
    rows = rows_of(gw("usage", "report", "--period", "2026-11", "--format", "csv"))
    assert [(row["team"], row["model"], row["cost_usd"]) for row in rows] == [
        ("web", "fast", "1000000000.000000001"),
        ("search", "fast", "0.000000003"),
        ("search", "-", "0"),
    ]
    total = gw("usage", "report", "--period", "2026-11", "--format", "json").json()["total"]
    assert (total["requests"], total["refused"], total["cost_nano_usd"]) == (5, 1, 10**18 + 4)


def test_a_report_counts_an_event_once_and_of_the_period_only(gw: Gwctl, tmp_path: Path):
    twice = event()
    edges = [event(at=at) for at in ("2026-10-31T23:59:59", "2026-11-01T00:00:00", "2026-11-30T23:59:59")]
    one, two = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    write_events(one, twice, *edges, event(at="2026-12-01T00:00:00"))
    write_events(two, twice)
    with two.open("ab") as file:
        file.write(b'{"id": "half a line')
    report = gw(
        "usage", "report", "--period", "2026-11", "--format", "json", "--events", str(one), "--events", str(two)
    )
    assert report.json()["total"]["requests"] == 3


def test_parts_that_were_put_aside_count_too(gw: Gwctl, data: DataDir):
    write_events(data.root / "usage-events.jsonl.000000000000000", event(), event())
    write_events(data.root / "usage-events.jsonl.000000000004711", event())
    write_events(data.usage_events, event())
    assert gw("usage", "report", "--period", "2026-11", "--format", "json").json()["total"]["requests"] == 4


def audit_lines(*events: UsageEvent) -> tuple[list[dict], bytes]:
    """The events as records of the audit log, and these as Firehose gets them."""
    records = usage_records(events, "agent")
    return records, b"".join(map(chain.to_line, records))


@pytest.mark.parametrize("form", ["json", "gzip", "parquet"])
def test_a_copy_of_the_audit_log_gives_the_same_report(gw: Gwctl, data: DataDir, tmp_path: Path, form: str):
    events = [*focus_events(), event(at="2026-12-01T00:00:00"), event(estimated="cut")]
    write_events(data.usage_events, *events)
    records, lines = audit_lines(*events, *events[:2])
    folder = tmp_path / "log" / "records" / "year=2026" / "month=11" / "day=21"
    folder.mkdir(parents=True)
    file = folder / "part-0"
    if form == "parquet":
        columns = [chain.columns_of(record) for record in records]
        parquet.write_table(pa.Table.from_pylist(columns), file)
    else:
        file.write_bytes(gzip.compress(lines) if form == "gzip" else lines)
    (folder / "changes").write_text(json.dumps({"kind": "policy", "time": "2026-11-21T00:00:00Z"}))
    command = ["usage", "report", "--period", "2026-11", "--format", "focus"]
    assert gw(*command, "--events", str(tmp_path / "log")).ok().out == gw(*command).ok().out


def test_a_damaged_audit_log_is_told_and_not_passed_over(gw: Gwctl, tmp_path: Path):
    folder = tmp_path / "log"
    folder.mkdir()
    (folder / "part-0").write_bytes(audit_lines(event())[1] + b"{half\n")
    error = gw("usage", "report", "--period", "2026-11", "--events", str(folder)).failed()
    assert "part-0:2: the line is not JSON" in error


def test_a_report_by_project_uses_the_teams_tags(gw: Gwctl, write: Write, data: DataDir, name: str):
    teams = [{"id": f"{name}{n}", "tags": {"project": "alpha" if n < 2 else "beta"}} for n in range(3)]
    gw("apply", "-f", write(teams=teams), "--yes").ok()
    write_events(data.usage_events, *(event(f"{name}{n}") for n in range(3)), event(None))
    rows = rows_of(gw("usage", "report", "--period", "2026-11", "--by", "tag:project", "--format", "csv"))
    assert {row["tag:project"]: row["requests"] for row in rows} == {"alpha": "2", "beta": "1", "-": "1"}


def test_a_report_of_the_past_keeps_the_tags_and_the_name_that_a_team_had(
    gw: Gwctl, write: Write, data: DataDir, tmp_path: Path, name: str
):
    gone = event(f"{name}gone", team_name="Search", team_tags='{"project": "alpha"}')
    later = event(name, team_name="Web", team_tags="{}")
    gw("apply", "-f", write(teams=[{"id": name, "name": "Now", "tags": {"project": "beta"}}]), "--yes").ok()
    write_events(data.usage_events, gone, later)
    command = ["usage", "report", "--period", "2026-11", "--format"]
    rows = rows_of(gw(*command, "csv", "--by", "team_name,tag:project"))
    assert [(row["team_name"], row["tag:project"]) for row in rows] == [("Search", "alpha"), ("Web", "-")]
    focus_rows = rows_of(gw(*command, "focus"))
    assert {row["SubAccountName"]: "project" in json.loads(row["Tags"]) for row in focus_rows} == {
        "Search": True,
        "Web": False,
    }
    folder = tmp_path / "log" / "records"
    folder.mkdir(parents=True)
    (folder / "part-0").write_bytes(audit_lines(gone, later)[1])
    assert rows_of(gw(*command, "focus", "--events", str(tmp_path / "log"))) == focus_rows


def test_without_an_admin_api_tags_come_from_the_policy_in_force(gw: Gwctl, data: DataDir):
    teams = [{"id": "search", "tags": {"project": "alpha"}}]
    data.state.mkdir()
    data.snapshot.write_bytes(compile_policy(validate_documents({"teams": teams}), version=1, on=today()).to_json())
    connection = json.loads(data.connection.read_text())
    data.connection.write_text(json.dumps({**connection, "admin_url": "http://127.0.0.1:9"}))
    write_events(data.usage_events, event("search"))
    command = ["usage", "report", "--period", "2026-11", "--by", "tag:project", "--format", "csv"]
    assert [row["tag:project"] for row in rows_of(gw(*command))] == ["alpha"]
    data.snapshot.unlink()
    done = gw(*command)
    assert "Teams are shown without names and tags" in done.err
    assert [row["tag:project"] for row in rows_of(done)] == ["-"]


def test_a_report_as_a_table_ends_with_the_total(gw: Gwctl, data: DataDir):
    write_events(data.usage_events, event(), event("web"))
    lines = gw("usage", "report", "--period", "2026-11", "--by", "day,team").ok().out.splitlines()
    assert lines[0].split()[:2] == ["DAY", "TEAM"]
    assert (lines[-1].split()[0], lines[-1].split()[-1]) == ("total", "$0.00006")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["report", "--period", "november"], "'november' is no period; write 2026-11"),
        (["report", "--period", "2026-13"], "is no period"),
        (["report", "--period", "2026-11-05..2026-11-01"], "ends before it begins"),
        (["report", "--by", "colour"], "'colour' is no dimension; known are day, team"),
        (["report", "--by", "team,team"], "each once"),
        (["report", "--events", "nowhere.jsonl"], "there are no usage events in nowhere.jsonl"),
        (["report"], "there are no usage events in"),
        (["list", "--by", "client"], "team: is missing: usage by client is read one team at a time"),
        (["list", "--by", "colour"], "day|team|client|model"),
        (["invoice", "nowhere.csv"], "nowhere.csv cannot be read (No such file or directory)"),
    ],
)
def test_a_mistake_is_one_sentence(gw: Gwctl, arguments: list[str], sentence: str):
    assert sentence in gw("usage", *arguments).failed()


def test_a_line_that_is_no_event_is_named(gw: Gwctl, data: DataDir):
    write_events(data.usage_events, event())
    with data.usage_events.open("ab") as file:
        file.write(b'{"id": 7}\n')
    assert "usage-events.jsonl, line 2: not a usage event" in gw("usage", "report", "--period", "2026-11").failed()


def focus_events() -> list[UsageEvent]:
    return [
        event(),
        event("web", client=None, model="smart", provider_name="aws.bedrock", provider="bedrock-eu",
              target_model="eu.anthropic.claude-sonnet-4-5", service_tier="priority", cost_nano_usd=123_456_789_012),
        event(None, provider_name=None, provider=None, target_model=None, cost_nano_usd=None, price_source=None),
        event(outcome="cut", estimated="cut", at="2026-11-30T23:59:59"),
        refused(),
    ]  # fmt: skip


def test_focus_has_the_columns_of_the_specification_and_the_right_sums(
    gw: Gwctl, data: DataDir, write: Write, name: str
):
    gw("apply", "-f", write(teams=[{"id": name, "name": "Search", "tags": {"project": "alpha"}}]), "--yes").ok()
    write_events(data.usage_events, event(name), *focus_events())
    rows = rows_of(gw("usage", "report", "--period", "2026-11", "--format", "focus", "--billing-account", "acme"))
    assert set(focus.MANDATORY) <= rows[0].keys()
    not_null = set(focus.MANDATORY) - {"ChargeClass"}
    assert all(row[column] for row in rows for column in not_null)
    assert sum(int(row["x_Requests"]) for row in rows) == 5, "a refused request is no charge"
    own = next(row for row in rows if row["SubAccountId"] == name)
    assert (own["SubAccountName"], own["BillingAccountId"], own["BilledCost"]) == ("Search", "acme", "0.00003")
    assert json.loads(own["Tags"])["project"] == "alpha"
    assert (own["PricingQuantity"], own["PricingUnit"]) == ("120.0", "Tokens")
    assert (own["ChargePeriodStart"], own["ChargePeriodEnd"]) == ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")
    assert (own["BillingPeriodStart"], own["BillingPeriodEnd"]) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")


def failed_checks(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What focus-validator finds: check → what it wants. Its rules are those up to FOCUS 1.0."""
    file = tmp_path / "focus.csv"
    file.write_text(text)
    monkeypatch.chdir(Path(focus_validator.__file__).parents[1])  # it looks for its currencies in the working directory
    validator = Validator(data_filename=str(file), output_destination=None, output_type="console", rules_version="1.0")
    validator.load()
    checks = validator.spec_rules.validate(validator.focus_data).checklist
    assert len(checks) > 100
    return {name: str(check.friendly_name) for name, check in checks.items() if check.status.value != "passed"}


@pytest.mark.parametrize("events", [focus_events(), focus_events()[:1]])
def test_focus_passes_the_foundations_validator(
    gw: Gwctl, data: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: list[UsageEvent]
):
    """What FOCUS 1.2 adds to the validator's rules is checked above."""
    write_events(data.usage_events, *events)
    text = gw("usage", "report", "--period", "2026-11", "--format", "focus").ok().out
    assert failed_checks(text, tmp_path, monkeypatch) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [("AI and Machine Learning", "Cheese"), ("USD", "Euro"), ("T00:00:00Z", ""), ("EffectiveCost", "x_Cost")],
)
def test_the_validator_finds_what_is_wrong(
    gw: Gwctl, data: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
):
    write_events(data.usage_events, event())
    text = gw("usage", "report", "--period", "2026-11", "--format", "focus").ok().out
    assert failed_checks(text.replace(old, new), tmp_path, monkeypatch)
