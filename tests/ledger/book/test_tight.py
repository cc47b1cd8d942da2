"""Tight: when a quota is nearly used up, idle leases come back, and nobody is refused while there is money left."""

import pytest

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reservation import Refusal, Reservation
from gwctl.ledger.quotas.store import WindowKey
from gwctl.ledger.quotas.waiting import Waiter
from ledger.driver import Fleet, quota

MONTH = WindowKey("month", "nano_usd", "2026-11")
CALLS = WindowKey("calls", "requests", "2026-11")


def fleet_of(limit: int, agents: int = 2, **more: object) -> Fleet:
    fleet = Fleet(ModelStore(), {"month": quota(limit), **more})  # type: ignore[dict-item]
    for _ in range(agents):
        fleet.agent()
    return fleet


def test_money_that_another_agent_gives_back_is_waited_for() -> None:
    fleet = fleet_of(100)
    first, second = fleet.agents
    reservation = first.granted(100)
    waiter = second.waiting(60)
    fleet.pass_by(0.2)
    first.settle(reservation, 30)
    fleet.pass_by(1.25)
    assert isinstance(waiter.decision, Reservation)


def test_an_idle_lease_goes_back_within_a_second() -> None:
    fleet = fleet_of(10_000)
    agent = fleet.agents[0]
    for _ in range(100):
        agent.settle(agent.granted(20), 10)
        fleet.pass_by(0.05)
    assert fleet.state(MONTH).committed > fleet.state(MONTH).settled
    fleet.pass_by(1.05)
    state = fleet.state(MONTH)
    assert state.committed == state.settled == 1000


def test_no_agent_holds_more_than_its_share_of_what_is_left() -> None:
    fleet = fleet_of(2000, agents=4)
    for _ in range(40):
        for agent in fleet.agents:
            answer = agent.ask(10)
            if isinstance(answer, Reservation):
                agent.settle(answer, 10)
        fleet.pass_by(0.05)
    idle = [lease.free for agent in fleet.agents for lease in agent.writes.leases]
    left = 2000 - fleet.state(MONTH).settled
    assert sum(idle) <= left / 2


def test_a_large_request_does_not_hold_up_small_ones() -> None:
    fleet = fleet_of(100, agents=1)
    agent = fleet.agents[0]
    agent.granted(60)
    large, small = agent.waiting(50), agent.waiting(5)
    fleet.pass_by(0.1)
    assert (large.decision, type(small.decision)) == (None, Reservation)


def test_who_came_first_is_served_first() -> None:
    fleet = fleet_of(100, agents=1)
    agent = fleet.agents[0]
    waiters = [agent.waiting(30) for _ in range(5)]
    fleet.pass_by(1.6)
    assert [type(waiter.decision) for waiter in waiters] == [Reservation] * 3 + [Refusal] * 2


def test_a_request_held_up_by_one_quota_does_not_keep_the_money_of_another() -> None:
    calls = quota(1, "requests", scope="client:bot")
    fleet = fleet_of(100, agents=2, calls=calls)
    first, second = fleet.agents
    first.granted(10)  # the only call there is
    first.waiting(90)
    fleet.pass_by(0.4)
    answer = second.reserve(90, scopes=("team:acme",))
    fleet.pass_by(0.4)
    assert isinstance(answer.decision if isinstance(answer, Waiter) else answer, Reservation)


def test_a_request_held_up_by_two_quotas_is_granted_when_both_come_free() -> None:
    fleet = fleet_of(100, agents=2, calls=quota(1, "requests", scope="client:bot"))
    first, second = fleet.agents
    reservation = first.granted(100)
    waiter = second.waiting(90)
    fleet.pass_by(0.3)
    first.book.cancel(reservation.request_id)
    fleet.pass_by(1.2)
    assert isinstance(waiter.decision, Reservation)


def test_what_is_left_in_fragments_is_brought_together() -> None:
    fleet = fleet_of(40, agents=4)
    for agent in fleet.agents:
        agent.settle(agent.granted(10), 4)  # 6 are free at each of them
    waiters = [agent.waiting(10) for agent in fleet.agents]
    fleet.pass_by(1.2)
    assert sum(isinstance(waiter.decision, Reservation) for waiter in waiters) == 2


@pytest.mark.parametrize("agents", [1, 2, 5])
@pytest.mark.parametrize("bound", [1, 7, 33])
def test_a_budget_is_spent_to_the_last_request_that_fits(agents: int, bound: int) -> None:
    fleet = fleet_of(100, agents)
    for _ in range(120 // agents):
        for agent in fleet.agents:
            answer = agent.reserve(bound)
            fleet.pass_by(0.1)
            decision = answer.decision if isinstance(answer, Waiter) else answer
            if isinstance(decision, Reservation):
                agent.settle(decision, bound)
        fleet.pass_by(0.1)
    fleet.pass_by(3)
    assert fleet.state(MONTH).settled == 100 // bound * bound


def test_a_used_up_budget_refuses_without_making_anybody_wait() -> None:
    fleet = fleet_of(100)
    first, second = fleet.agents
    first.settle(first.granted(100), 100)
    fleet.pass_by(1.1)
    assert isinstance(second.ask(10), Refusal)


def test_waiting_costs_the_ledger_at_most_some_ten_writes_a_second() -> None:
    fleet = fleet_of(100)
    first, second = fleet.agents
    first.granted(100)
    for _ in range(200):
        second.waiting(10)
    fleet.pass_by(1.6)
    assert second.book.counters.writes <= 20
