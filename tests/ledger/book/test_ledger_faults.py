"""The ledger is slow, down or at odds: leases in hand are used up, then quotas that block refuse. Nothing is lost."""

import pytest

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reconcile import GRACE_SECONDS, reconcile
from gwctl.ledger.quotas.reservation import Refusal, Reservation
from gwctl.ledger.quotas.store import Outcome, StoreUnavailable, Swap, WindowKey
from gwctl.ledger.quotas.waiting import Waiter
from ledger.driver import Fleet, SimAgent, quota

MONTH = WindowKey("month", "nano_usd", "2026-11")


class FlakyStore(ModelStore):
    """Can be taken down: `requests` are lost on the way there, or only `answers` on the way back."""

    def __init__(self) -> None:
        super().__init__()
        self.loses = ""

    def swap(self, swap: Swap) -> Outcome:
        if self.loses == "requests":
            raise StoreUnavailable("down")
        outcome = super().swap(swap)
        if self.loses == "answers":
            raise StoreUnavailable("timed out")
        return outcome


@pytest.fixture
def fleet() -> Fleet:
    fleet = Fleet(FlakyStore(), {"month": quota(10**6)})
    fleet.agent()
    return fleet


def take_down(fleet: Fleet, loses: str = "requests") -> None:
    fleet.store.loses = loses  # type: ignore[attr-defined]


def warmed_up(agent: SimAgent) -> SimAgent:
    """An agent with some seconds' worth of lease in hand."""
    for _ in range(60):
        agent.settle(agent.granted(20), 10)
        agent.fleet.pass_by(0.05)
    return agent


@pytest.mark.parametrize("loses", ["requests", "answers"])
def test_leases_in_hand_are_used_up_and_then_it_refuses(fleet: Fleet, loses: str) -> None:
    agent = warmed_up(fleet.agents[0])
    take_down(fleet, loses)
    answers = [agent.reserve(20) for _ in range(200)]
    fleet.pass_by(1.7)
    decisions = [answer.decision if isinstance(answer, Waiter) else answer for answer in answers]
    grants = [decision for decision in decisions if isinstance(decision, Reservation)]
    reasons = {decision.reason for decision in decisions if isinstance(decision, Refusal)}
    assert reasons == {"unavailable"}
    assert 20 <= len(grants) < 200


def test_while_the_ledger_is_down_a_request_is_refused_without_waiting(fleet: Fleet) -> None:
    agent = fleet.agents[0]
    take_down(fleet)
    agent.reserve(10)
    fleet.pass_by(2)
    refusal = agent.reserve(10)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.retry_after) == ("unavailable", 2)


def test_a_request_without_a_blocking_quota_goes_on_while_the_ledger_is_down(fleet: Fleet) -> None:
    fleet.set_quotas({"month": quota(10, action="alert")})
    take_down(fleet)
    assert isinstance(fleet.agents[0].reserve(50), Reservation)


@pytest.mark.parametrize("loses", ["requests", "answers"])
def test_what_was_spent_while_the_ledger_was_down_is_settled_once_it_is_back(fleet: Fleet, loses: str) -> None:
    agent = warmed_up(fleet.agents[0])
    reservations = [agent.granted(20) for _ in range(5)]
    fleet.pass_by(1.1)
    before = fleet.state(MONTH).settled
    take_down(fleet, loses)
    for reservation in reservations:
        agent.settle(reservation, 15)
        fleet.pass_by(3)
    take_down(fleet, "")
    fleet.pass_by(3)
    state = fleet.state(MONTH)
    assert (state.settled - before, state.committed - before) == (75, 75)


def test_the_checkpoint_stays_while_the_ledger_is_down(fleet: Fleet) -> None:
    agent = fleet.agents[0]
    reservation = agent.granted(20)
    take_down(fleet)
    agent.settle(reservation, 10)
    fleet.pass_by(10)
    assert agent.book.flushed == -1


def test_when_the_ledger_is_back_requests_are_granted_again(fleet: Fleet) -> None:
    agent = fleet.agents[0]
    take_down(fleet)
    agent.reserve(10)
    fleet.pass_by(10)
    take_down(fleet, "")
    fleet.pass_by(1.1)
    assert isinstance(agent.ask(10), Reservation)


def test_repeated_writes_are_spaced_out(fleet: Fleet) -> None:
    agent = fleet.agents[0]
    take_down(fleet)
    agent.reserve(10)
    fleet.pass_by(20)
    assert 15 <= agent.book.counters.writes <= 30


# Somebody else writes under the agent's name


def test_an_agent_that_was_declared_gone_hands_nothing_out(fleet: Fleet) -> None:
    agent = fleet.agents[0]
    agent.granted(50)
    later = fleet.time.wall + 601 + GRACE_SECONDS
    reconcile(fleet.store, MONTH, agent.name, 50, later)
    agent.reserve(50)
    fleet.pass_by(1)
    refusal = agent.reserve(50)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "unavailable"


def test_an_agent_that_was_declared_gone_counts_nothing_twice(fleet: Fleet) -> None:
    agent = fleet.agents[0]
    reservation = agent.granted(50)
    later = fleet.time.wall + 601 + GRACE_SECONDS
    reconcile(fleet.store, MONTH, agent.name, 50, later)
    agent.settle(reservation, 50)
    fleet.pass_by(2)
    assert (fleet.state(MONTH).settled, agent.book.counters.dropped, agent.book.flushed) == (50, 1, 0)


def test_of_two_processes_under_one_name_the_older_stops(fleet: Fleet) -> None:
    agent = fleet.agents[0]
    agent.granted(50)
    old = agent.book
    agent.restart()
    agent.granted(70)
    agent.book, new = old, agent.book
    agent.ask(10**5)
    assert isinstance(agent.reserve(60), Refusal)
    agent.book = new
    assert isinstance(agent.ask(60), Reservation)
