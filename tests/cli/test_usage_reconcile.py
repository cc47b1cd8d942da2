"""`gwctl usage reconcile` against a real admin API and its ledger: every difference is found."""

import json
from pathlib import Path

from admin.servers import RunningAdmin
from cli.conftest import Gwctl, Write, route
from cli.usage_events import charge, event, refused, write_events
from gwctl.ledger.quotas.store import NO_LEASE, Lease, Swap, WindowKey
from gwctl.local.data_dir import DataDir
from gwctl.local.database import note_url
from gwctl.stores.sql.quotas import SqlQuotaStore


def test_a_ledger_that_agrees_has_no_difference(gw: Gwctl, server: RunningAdmin, data: DataDir, name: str):
    events = [event(name, at=f"2027-01-0{day}T00:00:00") for day in range(1, 10)]
    charge(server, *events)
    write_events(data.usage_events, *events)
    done = gw("usage", "reconcile", "--period", "2027-01", "--no-windows").ok()
    assert done.out == "Ledger and events agree: 9 requests in 2027-01-01..2027-01-31.\n"


def test_requests_of_unknown_clients_are_compared_too(gw: Gwctl, server: RunningAdmin, data: DataDir, name: str):
    """They are of no team, so they were refused."""
    unknown = [refused(None, at="2027-05-01T00:00:00", client=client) for client in (None, "nobody")]
    events = [event(name, at="2027-05-01T00:00:00"), *unknown]
    charge(server, *events)
    write_events(data.usage_events, *events)
    done = gw("usage", "reconcile", "--period", "2027-05", "--no-windows").ok()
    assert done.out == "Ledger and events agree: 3 requests in 2027-05-01..2027-05-31.\n"
    write_events(data.usage_events, *events[:-1])
    found = json.loads(gw("usage", "reconcile", "--period", "2027-05", "--no-windows", "-o", "json").out)
    assert {(each["what"], each["missing"]) for each in found} == {("requests", -1), ("refused", -1)}


def test_every_difference_between_ledger_and_events_is_listed(
    gw: Gwctl, server: RunningAdmin, data: DataDir, name: str
):
    both = event(name, at="2027-02-01T00:00:00")
    lost = event(name, at="2027-02-02T00:00:00", model="smart")
    charge(server, both, event(name, at="2027-02-03T00:00:00", cost_nano_usd=7))
    write_events(data.usage_events, both, lost)
    done = gw("usage", "reconcile", "--period", "2027-02", "--no-windows", "-o", "json")
    assert done.code == 1
    found = {(each["where"].split()[0], each["what"]): each["missing"] for each in json.loads(done.out)}
    assert found == {
        **{("2027-02-02", what): n for what, n in LOST.items()},
        **{("2027-02-03", what): -n for what, n in {**LOST, "cost_nano_usd": 7}.items()},
    }
    table = gw("usage", "reconcile", "--period", "2027-02", "--no-windows")
    assert (table.code, len(table.out.splitlines())) == (1, 11)


LOST = {"requests": 1, "served": 1, "input_tokens": 100, "output_tokens": 20, "cost_nano_usd": 30_000}


def test_a_budgets_window_is_compared_with_the_events(
    gw: Gwctl, server: RunningAdmin, data: DataDir, write: Write, name: str
):
    budgets = [
        {"id": f"{name}-usd", "team": name, "limit_usd": 5, "period": "month", "timezone": "Europe/Berlin"},
        {"id": f"{name}-day", "team": name, "limit_requests": 5, "period": "day"},
    ]
    gw(
        "apply", "-f", write(routes=[route(name)], teams=[{"id": name, "models": [name]}], budgets=budgets), "--yes"
    ).ok()
    data.state.mkdir(exist_ok=True)
    note_url(data, server.database.url.render_as_string())
    events = [event(name, at="2027-03-05T12:00:00"), event(name, at="2027-03-06T12:00:00")]
    charge(server, *events)
    in_march_in_berlin, in_april_in_berlin = (
        event(name, at="2027-02-28T23:30:00"),
        event(name, at="2027-03-31T22:30:00"),
    )
    charge(server, in_march_in_berlin)
    charge(server, in_april_in_berlin)
    write_events(data.usage_events, *events, in_march_in_berlin, in_april_in_berlin)
    store = SqlQuotaStore(server.database)
    day = WindowKey(f"{name}-day", "requests", "2027-03-05")
    lease = Lease(settled=3, seq=1, writer="test", expires_at=1)
    assert store.swap(Swap(day, "agent", NO_LEASE, lease)).applied
    done = gw("usage", "reconcile", "--period", "2027-03", "-o", "json")
    own = {each["where"]: (each["ledger"], each["events"]) for each in json.loads(done.out) if name in each["where"]}
    assert own == {
        f"{name}-day 2027-03-05": (3, 1),
        f"{name}-day 2027-03-06": (0, 1),
        f"{name}-day 2027-03-31": (0, 1),
        f"{name}-usd 2027-03": (0, 90_000),
    }


def test_an_invoice_is_compared_model_by_model(gw: Gwctl, data: DataDir, tmp_path: Path):
    write_events(
        data.usage_events,
        event(cost_nano_usd=2_000_000_000),
        event(target_model="gpt-4o", cost_nano_usd=5_000_000_000),
        event(target_model="o9", cost_nano_usd=1_000_000_000),
        event(provider="other", cost_nano_usd=9_000_000_000),
    )
    invoice = tmp_path / "invoice.csv"
    invoice.write_text(
        "Usage date,Model,Amount (USD)\n"
        "2026-11-20,gpt-4o-mini-2024-07-18 input,$0.75\n"
        "2026-11-21,gpt-4o-mini-2024-07-18 output,$1.25\n"
        '2026-11-21,gpt-4o-2024-11-20,"$1,006.00"\n'
        "2026-11-21,whisper-1,0.10\n"
        "2026-10-31,whisper-1,99\n"
        ",,1008.10\n"
    )
    arguments = ["usage", "invoice", str(invoice), "--period", "2026-11", "--provider", "openai"]
    found = {each["where"]: each["missing_nano_usd"] for each in gw(*arguments, "-o", "json").json()}
    assert found == {"gpt-4o": 1_001_000_000_000, "o9": -1_000_000_000, "whisper-1": 100_000_000, "gpt-4o-mini": 0}
    assert gw(*arguments).ok().out.splitlines()[-1].split() == ["total", "$1,008.10", "$8.00", "$1,000.10"]


def test_an_invoice_whose_columns_are_unknown_says_which_option_names_them(gw: Gwctl, data: DataDir, tmp_path: Path):
    write_events(data.usage_events, event())
    invoice = tmp_path / "invoice.csv"
    invoice.write_text("when,what,how much\n2026-11-21,gpt-4o-mini,0.00003\n")
    arguments = ["usage", "invoice", str(invoice), "--period", "2026-11"]
    assert "its columns are when, what, how much; say --model-column" in gw(*arguments).failed()
    named = gw(*arguments, "--model-column", "what", "--cost-column", "how much", "-o", "json").json()
    assert named == [
        {"where": "gpt-4o-mini", "invoice_nano_usd": 30_000, "gateway_nano_usd": 30_000, "missing_nano_usd": 0}
    ]
