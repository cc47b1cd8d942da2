"""`gwctl budgets list|show`: what is spent and what is left, from a real admin API over a real table."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from admin.servers import RunningAdmin, running_admin, start_aws
from cli.conftest import WRITE, Gwctl, Write
from gwctl.ledger.quotas.store import Lease, Swap, WindowKey
from gwctl.ledger.quotas.windows import window_at
from gwctl.local.data_dir import DataDir
from gwctl.stores.aws.local_resources import SETTINGS
from gwctl.stores.sql.quotas import SqlQuotaStore
from support.ports import free_port
from support.replay_provider import Answer, ReplayProvider

NANO = 1_000_000_000


@pytest.fixture
def spent(gw: Gwctl, write: Write, server: RunningAdmin, name: str) -> str:
    """A budget of $250.50 a month, of which $12.50 are spent and $3 reserved."""
    file = write(
        teams=[{"id": name}],
        budgets=[{"id": name, "team": name, "limit_usd": 250.5, "period": "month", "timezone": "Europe/Berlin"}],
    )
    gw("apply", "-f", file, "--yes").ok()
    window = window_at("month", "Europe/Berlin", datetime.now(UTC).timestamp()).id
    lease = Lease(outstanding=3 * NANO, settled=12_500_000_000, seq=1, writer="w", expires_at=1)
    swap = Swap(WindowKey(name, "nano_usd", window), "a1", before=Lease(), after=lease)
    assert SqlQuotaStore(server.database).swap(swap).applied
    return name


def cells(out: str, name: str) -> dict[str, str]:
    """Title → cell of the line of a budget."""
    titles, *lines = out.splitlines()
    line = next(line for line in lines if line.startswith(name))
    at = {title: titles.index(title) for title in ("LIMIT", "SPENT", "LEFT")}
    return {title: line[: start + len(title)].split()[-1] for title, start in at.items()}


def test_the_list_has_what_is_spent_and_left(gw: Gwctl, spent: str):
    assert cells(gw("budgets", "list").ok().out, spent) == {"LIMIT": "$250.5", "SPENT": "$12.50", "LEFT": "$235.00"}


def test_show_says_what_is_reserved_and_when_it_begins_anew(gw: Gwctl, spent: str):
    lines = gw("budgets", "show", spent).ok().out.splitlines()
    told = dict(line.split(maxsplit=1) for line in lines)
    assert (told["spent"], told["reserved"], told["left"]) == ("$12.50", "$3.00", "$235.00")
    assert told["resets"] > f"{datetime.now(UTC):%Y-%m-%d}"
    assert told["resets"].endswith("-01 00:00 (Europe/Berlin)")


@pytest.mark.parametrize("command", ["list", "show"])
def test_programs_get_the_state_beside_the_document(gw: Gwctl, spent: str, command: str):
    found = gw("budgets", command, *([spent] if command == "show" else []), "-o", "json").json()
    (one,) = [each for each in (found if command == "list" else [found]) if each["document"]["id"] == spent]
    state = one["state"]
    amounts = {key: state[key] for key in ("spent", "reserved", "left", "limit")}
    assert amounts == {"spent": 12_500_000_000, "reserved": 3 * NANO, "left": 235 * NANO, "limit": 250_500_000_000}
    assert (state["id"], state["unit"], state["scope"], state["agents"]) == (spent, "nano_usd", f"team:{spent}", 1)
    assert "state" not in one["document"]


def test_a_budget_in_tokens_is_told_in_tokens(gw: Gwctl, write: Write, name: str):
    budgets = [{"id": name, "team": name, "limit_tokens": 1_000_000, "period": "total"}]
    gw("apply", "-f", write(teams=[{"id": name}], budgets=budgets), "--yes").ok()
    told = dict(line.split(maxsplit=1) for line in gw("budgets", "show", name).ok().out.splitlines())
    assert (told["spent"], told["left"], told["resets"]) == ("0", "1,000,000", "never")


def test_without_a_ledger_the_documents_are_shown_all_the_same(gw: Gwctl, data: DataDir, tmp_path: Path, name: str):
    settings, port = SETTINGS.model_dump(), free_port()
    del settings["tables"]["ledger"]
    on_aws = {"settings": settings, "aws_url": f"http://127.0.0.1:{port}"}
    with (
        start_aws(tmp_path / "aws", port),
        running_admin(tmp_path / "admin", **on_aws) as other,
        ReplayProvider() as tokens,
    ):
        tokens.on("/token", Answer.json({"access_token": other.token(WRITE), "expires_in": 3600}))
        connection = json.loads(data.connection.read_text())
        connection |= {"admin_url": other.url, "token_url": f"{tokens.url}/token"}
        data.connection.write_text(json.dumps(connection))
        budget = {"kind": "budget", "id": name, "limit_usd": 5, "period": "day"}
        gw("apply", "-f", "-", "--yes", stdin=json.dumps(budget)).ok()
        listed = gw("budgets", "list").ok()
        assert cells(listed.out, name) == {"LIMIT": "$5", "SPENT": "-", "LEFT": "-"}
        assert "What is spent is not known: this admin API has no ledger" in listed.err
        assert gw("budgets", "show", name, "-o", "json").json()["state"] is None
