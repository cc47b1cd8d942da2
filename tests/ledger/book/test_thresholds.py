"""Thresholds are made known once a window by one agent; `alert` and `shadow` count, and never refuse."""

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reservation import Refusal, Reservation
from gwctl.ledger.quotas.store import WindowKey
from gwctl.ledger.quotas.writes import Notice
from ledger.driver import Fleet, SimAgent, quota

MONTH = WindowKey("month", "nano_usd", "2026-11")


def fleet_of(limit: int = 100, agents: int = 1, **more: object) -> Fleet:
    fleet = Fleet(ModelStore(), {"month": quota(limit, **more)})  # type: ignore[arg-type]
    for _ in range(agents):
        fleet.agent()
    return fleet


def spend(agent: SimAgent, cost: int) -> None:
    answer = agent.ask(cost)
    assert isinstance(answer, Reservation), answer
    agent.settle(answer, cost)


def told(fleet: Fleet) -> list[int]:
    """Lets every agent claim what it has noticed; returns the thresholds that were won."""
    notices: list[Notice] = [notice for agent in fleet.agents for notice in agent.writes.notices()]
    return [notice.threshold for notice in notices if fleet.store.claim(notice.key, notice.threshold)]


def test_a_threshold_is_told_when_the_spend_passes_it() -> None:
    fleet = fleet_of()
    spend(fleet.agents[0], 79)
    fleet.pass_by(1.1)
    before = told(fleet)
    spend(fleet.agents[0], 1)
    fleet.pass_by(1.1)
    assert (before, told(fleet)) == ([], [80])


def test_a_threshold_is_told_once_by_all_agents_together() -> None:
    fleet = fleet_of(10_000, agents=3)
    for agent in fleet.agents:
        spend(agent, 3000)
    fleet.pass_by(1.1)
    for agent in fleet.agents:
        spend(agent, 1)
    fleet.pass_by(1.1)
    assert told(fleet) == [80]


def test_a_budget_that_refuses_is_at_its_hundred_per_cent() -> None:
    fleet = fleet_of()
    spend(fleet.agents[0], 97)
    fleet.agents[0].ask(5)
    fleet.pass_by(1.1)
    assert sorted(told(fleet)) == [80, 100]


def test_an_outsized_request_raises_no_alarm() -> None:
    fleet = fleet_of()
    spend(fleet.agents[0], 10)
    assert fleet.agents[0].refused(95).reason == "exhausted"
    fleet.pass_by(1.1)
    assert told(fleet) == []


def test_a_claim_that_failed_is_made_again() -> None:
    fleet = fleet_of()
    agent = fleet.agents[0]
    spend(agent, 85)
    fleet.pass_by(1.1)
    for notice in agent.writes.notices():
        agent.writes.unclaimed(notice)
    spend(agent, 1)
    fleet.pass_by(1.1)
    assert told(fleet) == [80]


def test_the_next_window_has_its_own_thresholds() -> None:
    fleet = fleet_of(period="minute")
    totals: list[list[int]] = []
    for _ in range(2):
        spend(fleet.agents[0], 85)
        fleet.pass_by(2)
        totals.append(told(fleet))
        fleet.pass_by(60)
    assert totals == [[80], [80]]


def test_an_alert_never_refuses_and_counts_everything() -> None:
    fleet = fleet_of(action="alert")
    for _ in range(5):
        spend(fleet.agents[0], 50)
    fleet.pass_by(1.1)
    state = fleet.state(MONTH)
    assert (state.settled, state.committed, sorted(told(fleet))) == (250, 250, [80, 100])


def test_an_alert_needs_no_lease_before_the_request() -> None:
    fleet = fleet_of(action="alert")
    assert isinstance(fleet.agents[0].reserve(10**9), Reservation)


def test_a_request_that_was_never_reserved_is_counted() -> None:
    # The edge does not ask the agent about teams without a quota that blocks.
    fleet = fleet_of(action="alert")
    agent = fleet.agents[0]
    answer = agent.reserve(50)
    assert isinstance(answer, Reservation)
    agent.book.cancel(answer.request_id)
    agent.book.settle(agent.end(answer, 42, receipt=False))
    fleet.pass_by(1.1)
    assert fleet.state(MONTH).settled == 42


def test_a_shadow_counts_whom_it_would_have_refused() -> None:
    fleet = fleet_of(action="shadow")
    agent = fleet.agents[0]
    for _ in range(4):
        spend(agent, 40)
        fleet.pass_by(1.1)
    assert (fleet.state(MONTH).settled, agent.book.counters.would_refuse) == (160, 2)


def test_a_shadow_beside_a_budget_leaves_the_budget_alone() -> None:
    fleet = Fleet(ModelStore(), {"hard": quota(100), "trial": quota(10, action="shadow")})
    agent = fleet.agent()
    spend(agent, 90)
    assert isinstance(agent.ask(20), Refusal)
