"""A policy snapshot changes quotas while leases are out and requests wait."""

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reservation import Refusal, Reservation
from gwctl.ledger.quotas.store import WindowKey
from gwctl.ledger.quotas.waiting import Waiter
from ledger.driver import Fleet, quota

MONTH = WindowKey("month", "nano_usd", "2026-11")


def fleet_of(**quotas: object) -> Fleet:
    fleet = Fleet(ModelStore(), quotas)  # type: ignore[arg-type]
    fleet.agent()
    return fleet


def test_a_raised_limit_lets_the_next_request_in() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agents[0]
    agent.settle(agent.granted(100), 100)
    assert isinstance(agent.ask(50), Refusal)
    fleet.set_quotas({"month": quota(200)})
    assert isinstance(agent.ask(50), Reservation)


def test_a_raised_limit_lets_in_who_waits() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agents[0]
    agent.granted(100)
    waiter = agent.waiting(50)
    fleet.set_quotas({"month": quota(200)})
    fleet.pass_by(0.2)
    assert isinstance(waiter.decision, Reservation)


def test_a_lowered_limit_takes_idle_leases_back_within_a_second() -> None:
    fleet = fleet_of(month=quota(10**6))
    agent = fleet.agents[0]
    for _ in range(100):
        agent.settle(agent.granted(1000), 500)
        fleet.pass_by(0.05)
    fleet.set_quotas({"month": quota(50_000)})
    fleet.pass_by(1.1)
    state = fleet.state(MONTH)
    assert state.committed == state.settled == 50_000


def test_a_removed_quota_no_longer_refuses() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agents[0]
    agent.granted(100)
    waiter = agent.waiting(50)
    fleet.set_quotas({})
    assert isinstance(waiter.decision, Reservation)


def test_a_removed_quota_still_settles_what_was_reserved_under_it() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agents[0]
    reservation = agent.granted(80)
    fleet.set_quotas({})
    agent.settle(reservation, 70)
    fleet.pass_by(2)
    state = fleet.state(MONTH)
    assert (state.settled, state.committed) == (70, 70)


def test_a_new_quota_covers_the_next_request() -> None:
    fleet = fleet_of()
    agent = fleet.agents[0]
    agent.granted(80)
    fleet.set_quotas({"month": quota(10)})
    assert isinstance(agent.ask(80), Refusal)


def test_a_quota_that_now_only_alerts_lets_everything_through_and_counts_it() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agents[0]
    agent.settle(agent.granted(100), 100)
    fleet.set_quotas({"month": quota(100, action="alert")})
    agent.settle(agent.granted(50), 50)
    fleet.pass_by(1.1)
    state = fleet.state(MONTH)
    assert (state.settled, state.committed, agent.book.counters.overshoot_nano_usd) == (150, 150, 0)


def test_a_quota_that_blocks_again_knows_what_was_spent() -> None:
    fleet = fleet_of(month=quota(100, action="alert"))
    agent = fleet.agents[0]
    agent.settle(agent.granted(90), 90)
    fleet.pass_by(1.1)
    fleet.set_quotas({"month": quota(100)})
    assert (type(agent.ask(20)), type(agent.ask(10))) == (Refusal, Reservation)


def test_a_budget_that_changes_its_unit_starts_anew() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agents[0]
    agent.settle(agent.granted(100), 100)
    fleet.set_quotas({"month": quota(100, "tokens")})
    assert isinstance(agent.ask(0, 100), Reservation)


def test_a_budget_that_changes_its_time_zone_keeps_what_it_has_counted() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agents[0]
    agent.settle(agent.granted(100), 90)
    fleet.pass_by(1.1)
    fleet.set_quotas({"month": quota(100, timezone="Asia/Tokyo")})
    assert (type(agent.ask(20)), type(agent.ask(10))) == (Refusal, Reservation)


def test_whoever_waits_when_every_quota_is_replaced_is_decided_by_the_new_ones() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agents[0]
    agent.granted(100)
    waiter = agent.waiting(50)
    fleet.set_quotas({"day": quota(30, period="day")})
    assert isinstance(waiter, Waiter)
    assert isinstance(waiter.decision, Refusal)
    assert waiter.decision.quota == "day"
