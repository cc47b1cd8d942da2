"""What is spent of a budget and what is left: from the ledger's window of now, for those who may know."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from admin.place import Admin, Place, budget
from gwctl.admin.api.budget_states import states_of
from gwctl.core import scopes
from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.store import Lease, QuotaStore, StoreUnavailable, Swap, WindowKey
from gwctl.ledger.quotas.windows import window_at
from gwctl.policy.documents import Budget

NANO = 1_000_000_000


def spend(store: QuotaStore, key: WindowKey, settled: int, outstanding: int, agent: str = "a1") -> None:
    lease = Lease(outstanding=outstanding, settled=settled, seq=1, writer="w", expires_at=1)
    assert store.swap(Swap(key, agent, before=Lease(), after=lease)).applied


def this_month(name: str = "search-month") -> WindowKey:
    return WindowKey(name, "nano_usd", window_at("month", "UTC", datetime.now(UTC).timestamp()).id)


@pytest.fixture
def spent(engine_place: Place) -> Iterator[Admin]:
    """A budget of $100, of which two agents spent $30 and hold $5."""
    spend(engine_place.ledger(), this_month(), 20 * NANO, 5 * NANO)
    spend(engine_place.ledger(), this_month(), 10 * NANO, 0, "a2")
    with engine_place.admin() as admin:
        admin.small_policy()
        yield admin


def test_spent_reserved_and_left_are_those_of_the_ledger(spent: Admin):
    state = spent.get("/budgets/search-month/state").ok()
    resets_at = datetime.fromisoformat(state.pop("resets_at"))
    assert resets_at > datetime.now(UTC)
    assert (resets_at.day, resets_at.hour, resets_at.utcoffset()) == (1, 0, UTC.utcoffset(None))
    assert state == {
        "id": "search-month",
        "scope": "team:search",
        "unit": "nano_usd",
        "limit": 100 * NANO,
        "period": "month",
        "window": this_month().window,
        "spent": 30 * NANO,
        "reserved": 5 * NANO,
        "left": 65 * NANO,
        "agents": 2,
    }


def test_a_page_of_budgets_has_the_state_of_each_if_asked(spent: Admin):
    spent.put("/budgets/untouched", budget("untouched", limit_usd=7)).ok()
    one = spent.get("/budgets/search-month/state").ok()
    items = spent.get("/budgets", state="true").ok()["items"]
    assert [item["document"]["id"] for item in items] == ["search-month", "untouched"]
    assert items[0]["state"] == one
    assert (items[1]["state"]["spent"], items[1]["state"]["left"]) == (0, 7 * NANO)
    plain = spent.get("/budgets").ok()["items"]
    assert plain == [{name: value for name, value in item.items() if name != "state"} for item in items]


def test_pages_with_states_follow_each_other(spent: Admin):
    spent.put("/budgets/untouched", budget("untouched")).ok()
    first = spent.get("/budgets", state="true", limit=1).ok()
    second = spent.get("/budgets", state="true", limit=1, next=first["next"]).ok()
    assert [page["items"][0]["state"]["id"] for page in (first, second)] == ["search-month", "untouched"]
    assert second["next"] is None


def test_a_budget_that_is_not_there_has_no_state(admin: Admin):
    assert admin.get("/budgets/none/state").refused(404, "not_found")["message"] == "there is no budget 'none'"


def test_without_a_ledger_it_is_said_so(place: Place):
    with place.admin(ledger=lambda _: None) as admin:
        admin.small_policy()
        error = admin.get("/budgets/search-month/state").refused(503, "no_ledger")
        assert "tables.ledger" in error["message"]
        admin.get("/budgets", state="true").refused(503, "no_ledger")
        assert admin.get("/budgets").ok()["items"]


def test_a_ledger_that_does_not_answer_is_named(place: Place):
    class Down:
        def read(self, keys: Iterable[WindowKey]) -> dict[WindowKey, Any]:
            raise StoreUnavailable("down")

    with place.admin(ledger=lambda _: Down()) as admin:
        admin.small_policy()
        assert "the ledger" in admin.get("/budgets/search-month/state").refused(503, "unavailable")["message"]


@pytest.fixture
def own(admin: Admin) -> tuple[Admin, str]:
    """Budgets of everybody, of two teams and of a client; and that client, which is of team search."""
    admin.small_policy()
    admin.put("/teams/ads", {"id": "ads"}).ok()
    client = admin.post("/teams/search/clients", {}).ok()["client_id"]
    for document in (
        budget("ads-month", team="ads"),
        budget("search-fast", model="fast"),
        {"id": "indexer", "client": client, "limit_requests": 9, "period": "day"},
        {"id": "all", "limit_tokens": 9, "period": "total"},
    ):
        admin.put(f"/budgets/{document['id']}", document).ok()
    return admin, client


@pytest.mark.parametrize("name", ["search-month", "search-fast", "indexer"])
def test_a_client_reads_the_state_of_its_own_teams_budgets(own: tuple[Admin, str], name: str):
    admin, client = own
    assert admin.get(f"/budgets/{name}/state", caller=client, scope=scopes.INVOKE).ok()["id"] == name


@pytest.mark.parametrize("name", ["ads-month", "all", "no-such-budget"])
def test_a_client_learns_nothing_of_other_budgets(own: tuple[Admin, str], name: str):
    admin, client = own
    error = admin.get(f"/budgets/{name}/state", caller=client, scope=scopes.INVOKE).refused(403, "forbidden")
    assert error["message"] == f"client {client!r} may read the budgets of team 'search' only"


def test_a_client_does_not_list_budgets(own: tuple[Admin, str]):
    admin, client = own
    admin.get("/budgets", state="true", caller=client, scope=scopes.INVOKE).refused(403, "forbidden")


def test_a_budget_for_ever_does_not_reset(own: tuple[Admin, str]):
    state = own[0].get("/budgets/all/state").ok()
    assert (state["scope"], state["unit"], state["window"], state["resets_at"]) == ("gateway", "tokens", "total", None)


def test_what_was_spent_beyond_the_limit_is_less_than_nothing_left():
    ledger, at = ModelStore(), datetime(2026, 11, 21, tzinfo=UTC).timestamp()
    spend(ledger, WindowKey("b", "requests", "2026-11"), 12, 0)
    spent = Budget(id="b", limit_requests=10, period="month")
    assert states_of([spent], ledger, at)["b"].left == -2


def test_the_window_is_that_of_the_budgets_time_zone():
    at = datetime(2026, 11, 30, 23, 30, tzinfo=UTC).timestamp()
    there = Budget(id="b", limit_requests=10, period="month", timezone="Europe/Berlin")
    state = states_of([there], ModelStore(), at)["b"]
    assert (state.window, state.resets_at) == ("2026-12", datetime(2026, 12, 31, 23, tzinfo=UTC))


def test_an_agent_that_left_is_not_counted():
    ledger, key = ModelStore(), WindowKey("b", "requests", "total")
    spend(ledger, key, 3, 0)
    gone = Lease(settled=1, seq=1, writer="w", expires_at=1, closed=True)
    assert ledger.swap(Swap(key, "a2", before=Lease(), after=gone)).applied
    state = states_of([Budget(id="b", limit_requests=10, period="total")], ledger, 0)["b"]
    assert (state.spent, state.agents) == (4, 1)
