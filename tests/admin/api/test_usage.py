"""Usage: from events to sums, from sums to reports, and who may read which."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.place import Admin, Place, today
from gwctl.core import scopes
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.usage.report import Query, report
from gwctl.ledger.usage.sums import MAX_UPDATES, Detailed, Total, UsageBatch, keys_of, parse_detailed, parse_total

DAY = date(2026, 11, 21)


def event(number: int = 0, **fields: Any) -> UsageEvent:
    return UsageEvent.model_validate(
        {
            "id": f"e{number}",
            "started_at": datetime(2026, 11, 21, 10, 5, tzinfo=UTC),
            "duration": 1.5,
            "team": "search",
            "client": "indexer",
            "model": "fast",
            "status": 200,
            "outcome": "served",
            "input_tokens": 100,
            "output_tokens": 20,
            "cost_nano_usd": 27_000,
            **fields,
        }
    )


def test_an_event_is_counted_for_its_team_and_for_everybody():
    assert keys_of(event()) == (("search#2026-11-21", "indexer#fast"), ("*#2026-11-21", "search#fast"))


def test_the_day_of_an_event_is_the_day_in_utc():
    late = datetime.fromisoformat("2026-11-22T00:30:00+02:00")
    assert keys_of(event(started_at=late))[0][0] == "search#2026-11-21"


def test_an_event_of_nobody_has_a_place_too():
    assert keys_of(event(team=None, client=None, model=None))[0] == ("-#2026-11-21", "-#-")


def test_made_up_models_of_refused_requests_share_one_place():
    events = [event(n, outcome="refused", model=f"made-up-{n}", status=404, cost_nano_usd=None) for n in range(50)]
    assert len(UsageBatch.of(events).updates) == 2


def test_an_answer_without_a_price_is_counted_as_such_and_costs_nothing():
    sums = UsageBatch.of([event(cost_nano_usd=None), event(1)]).updates["search#2026-11-21", "indexer#fast"]
    assert (sums["unpriced"], sums["cost_nano_usd"], sums["requests"]) == (1, 27_000, 2)


def test_a_batch_takes_no_more_than_one_transaction_holds():
    batch = UsageBatch()
    taken = [batch.add(event(n, client=f"c{n}")) for n in range(200)]
    assert taken.count(True) == MAX_UPDATES - 1  # and one item for everybody
    assert len(batch.updates) == MAX_UPDATES
    assert batch.add(event(client="c0"))


names = st.sampled_from(["a", "b", "c"])
events = st.lists(
    st.builds(
        lambda team, client, model, day, tokens, cost: event(
            team=team,
            client=f"{team}-{client}",
            model=model,
            started_at=datetime(2026, 11, day, 12, tzinfo=UTC),
            input_tokens=tokens,
            cost_nano_usd=cost,
        ),
        names,
        names,
        names,
        st.integers(20, 22),
        st.integers(0, 10**12),
        st.integers(0, 10**15),
    ),
    max_size=40,
)
dimensions = st.lists(st.sampled_from(["day", "team", "client", "model"]), min_size=1, max_size=4, unique=True)


@given(events, dimensions)
def test_no_token_and_no_cent_is_lost_between_events_and_report(found: list[UsageEvent], by: list[Any]):
    updates = UsageBatch.of(found[:30]).updates
    detailed = [parse_detailed(*key, counts) for key, counts in updates.items() if not key[0].startswith("*")]
    totals = [parse_total(*key, counts) for key, counts in updates.items() if key[0].startswith("*")]
    rows: list[list[Detailed] | list[Total]] = [detailed] if "client" in by else [detailed, totals]
    for each in rows:
        sums = report(Query(date(2026, 11, 1), date(2026, 11, 30), tuple(by)), each)
        assert sum(row.cost_nano_usd for row in sums) == sum(e.cost_nano_usd or 0 for e in found[:30])
        assert sum(row.input_tokens for row in sums) == sum(e.input_tokens for e in found[:30])
        assert sum(row.requests for row in sums) == len(found[:30])


@pytest.fixture
def counted(engine_place: Place) -> Place:
    """Usage of two teams on three days."""
    table, position = engine_place.usage(), None
    plan = [("search", "indexer", "fast", 0), ("search", "crawler", "smart", 1), ("ads", "bidder", "fast", 2)]
    for number, (team, client, model, ago) in enumerate(plan):
        started = datetime.now(UTC) - timedelta(days=ago)
        batch = UsageBatch.of([event(number, team=team, client=client, model=model, started_at=started)])
        assert table.add(batch.updates, agent="a1", before=position, after=str(number))
        position = str(number)
    return engine_place


def test_the_same_events_are_added_once(counted: Place):
    table = counted.usage()
    updates = UsageBatch.of([event(started_at=datetime.now(UTC))]).updates
    assert table.position("a1") == "2"
    assert not table.add(updates, agent="a1", before="1", after="2")
    assert not table.add(updates, agent="a1", before=None, after="2")
    rows = list(table.of_team("search", [today()]))
    assert [row.counts["requests"] for row in rows] == [1]


def test_agents_count_into_the_same_sums(counted: Place):
    table = counted.usage()
    updates = UsageBatch.of([event(started_at=datetime.now(UTC))]).updates
    assert table.add(updates, agent="a2", before=None, after="x")
    assert [row.counts["requests"] for row in table.of_team("search", [today()])] == [2]


def test_usage_is_summed_up_by_what_is_asked_for(counted: Place):
    with counted.admin() as admin:
        period = {"from": today() - timedelta(days=5), "to": today()}
        by_team = admin.get("/usage", **period).ok()["rows"]
        assert [(row["team"], row["requests"], row["cost_nano_usd"]) for row in by_team] == [
            ("ads", 1, 27_000),
            ("search", 2, 54_000),
        ]
        by_model = admin.get("/usage", by="model", **period).ok()["rows"]
        assert [(row["model"], row["requests"]) for row in by_model] == [("fast", 2), ("smart", 1)]
        by_client = admin.get("/usage", by="client,day", team="search", **period).ok()["rows"]
        assert [(row["day"], row["client"]) for row in by_client] == [
            (str(today() - timedelta(days=1)), "crawler"),
            (str(today()), "indexer"),
        ]
        one = admin.get("/usage", by="team", team="search", client="crawler", **period).ok()["rows"]
        assert [row["requests"] for row in one] == [1]


def test_a_report_comes_in_pages(counted: Place):
    with counted.admin() as admin:
        period = {"from": today() - timedelta(days=5), "to": today()}
        first = admin.get("/usage", limit=1, **period).ok()
        second = admin.get("/usage", limit=1, next=first["next"], **period).ok()
        assert [first["rows"][0]["team"], second["rows"][0]["team"], second["next"]] == ["ads", "search", None]


@pytest.fixture
def own(admin: Admin) -> tuple[Admin, str]:
    """An API with a client of team search, and that client's id."""
    admin.put("/teams/search", {"id": "search"}).ok()
    admin.put("/teams/ads", {"id": "ads"}).ok()
    batch = UsageBatch.of(
        [event(n, team=team, started_at=datetime.now(UTC)) for n, team in enumerate(["search", "ads"])]
    )
    admin.place.usage().add(batch.updates, agent="a", before=None, after="1")
    return admin, admin.post("/teams/search/clients", {}).ok()["client_id"]


def test_a_client_reads_the_usage_of_its_own_team(own: tuple[Admin, str]):
    admin, client = own
    for query in ({}, {"team": "search"}, {"by": "client"}):
        rows = admin.get("/usage", caller=client, scope=scopes.INVOKE, **query).ok()["rows"]
        assert [row["requests"] for row in rows] == [1]


def test_a_client_does_not_read_the_usage_of_another_team(own: tuple[Admin, str]):
    admin, client = own
    admin.get("/usage", caller=client, scope=scopes.INVOKE, team="ads").refused(403, "forbidden")


def test_a_client_of_no_team_reads_no_usage(own: tuple[Admin, str]):
    admin, _ = own
    admin.get("/usage", caller="stranger", scope=scopes.INVOKE).refused(403, "forbidden")


def test_usage_by_client_is_read_one_team_at_a_time(admin: Admin):
    admin.get("/usage", by="client").refused(422, "invalid")


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-11-21", "to": "2026-11-20"},
        {"from": "2026-01-01", "to": "2026-11-20"},
        {"from": "yesterday"},
        {"by": "team,team"},
        {"by": "colour"},
        {"by": ""},
        {"next": "!"},
        {"team": "Not A Team"},
    ],
)
def test_a_report_that_makes_no_sense_is_refused(admin: Admin, query: dict[str, str]):
    admin.get("/usage", **query).refused(422, "invalid")


def test_a_month_ends_with_its_last_day(admin: Admin):
    body = admin.get("/usage", **{"from": "2026-02-10"}).ok()
    assert (body["from"], body["to"]) == ("2026-02-10", "2026-02-28")
