"""Settle: the true cost replaces the reservation, once, in the window it was reserved in, also across a crash."""

import pytest

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reservation import RecentIds, Refusal, Reservation, Settlement
from gwctl.ledger.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import WindowKey, WindowState
from ledger.driver import SCOPES, Fleet, amounts, quota

MONTH = WindowKey("month", "nano_usd", "2026-11")


def fleet_of(**quotas: object) -> Fleet:
    return Fleet(ModelStore(), quotas)  # type: ignore[arg-type]


def sums(fleet: Fleet, key: WindowKey = MONTH) -> tuple[int, int]:
    state = fleet.state(key)
    return state.settled, state.committed


def test_the_difference_is_free_again_at_once() -> None:
    agent = fleet_of(month=quota(100)).agent()
    agent.settle(agent.granted(100), 30)
    assert isinstance(agent.reserve(70), Reservation)


def test_the_cost_is_in_the_ledger_within_a_second() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agent()
    agent.settle(agent.granted(50), 30)
    fleet.pass_by(1.1)
    assert sums(fleet) == (30, 30)


def test_settling_twice_changes_nothing() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agent()
    line = agent.end(agent.granted(50), 30)
    for _ in range(3):
        agent.book.settle(line)
    fleet.pass_by(1.1)
    assert (sums(fleet), agent.book.counters.duplicates) == ((30, 30), 2)


def test_another_line_for_the_same_request_changes_nothing() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agent()
    reservation = agent.granted(50)
    agent.settle(reservation, 30)
    agent.settle(reservation, 30)
    fleet.pass_by(1.1)
    assert sums(fleet) == (30, 30)


def test_a_cancelled_request_costs_nothing() -> None:
    fleet = fleet_of(month=quota(100), calls=quota(10, "requests", scope="client:bot"))
    agent = fleet.agent()
    agent.book.cancel(agent.granted(50).request_id)
    fleet.pass_by(2)
    assert [fleet.state(key).committed for key in agent.book.recovery_keys()] == [0, 0, 0, 0]


def test_a_cancelled_request_that_did_cost_something_is_counted() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agent()
    reservation = agent.granted(50)
    agent.book.cancel(reservation.request_id)
    agent.settle(reservation, 20)
    fleet.pass_by(1.1)
    assert sums(fleet) == (20, 20)


def test_every_unit_of_a_request_is_settled() -> None:
    fleet = fleet_of(money=quota(100), tokens=quota(100, "tokens"), calls=quota(100, "requests"))
    agent = fleet.agent()
    agent.settle(agent.granted(50, 60), 7, 8)
    fleet.pass_by(1.1)
    states = fleet.states(agent.book.recovery_keys())
    assert {key.quota: state.settled for key, state in states.items()} == {"money": 7, "tokens": 8, "calls": 1}


@pytest.mark.parametrize("cost", [-1, 2.0, True, None, 10**30])
def test_absurd_costs_are_refused_and_change_nothing(cost: object) -> None:
    agent = fleet_of(month=quota(100)).agent()
    reservation = agent.granted(50)
    with pytest.raises(ValueError, match="a cost in nano_usd is"):
        agent.book.settle(Settlement(reservation.request_id, amounts(cost), position=0))  # type: ignore[arg-type]
    agent.book.settle(Settlement(reservation.request_id, amounts(20), position=0))
    assert agent.book.counters.settled == 1


@pytest.mark.parametrize("receipt", ["month", "month/euro/2026-11", "//", "a/b/c/d"])
def test_a_damaged_receipt_is_refused(receipt: str) -> None:
    agent = fleet_of(month=quota(100)).agent()
    with pytest.raises(ValueError):
        agent.book.settle(Settlement("r", amounts(1), position=0, receipt=receipt))


def test_a_cost_above_the_bound_is_taken_from_what_is_free() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agent()
    other = agent.granted(50)
    agent.settle(agent.granted(20), 40)
    fleet.pass_by(1.1)
    assert (sums(fleet), agent.book.counters.overshoot_nano_usd) == ((40, 90), 0)
    agent.settle(other, 50)
    fleet.pass_by(1.1)
    assert (sums(fleet), agent.book.counters.overshoot_nano_usd) == ((90, 90), 0)


def test_a_cost_above_the_limit_is_counted_in_full_and_called_overshoot() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agent()
    agent.settle(agent.granted(100), 130)
    fleet.pass_by(1.1)
    assert (sums(fleet), agent.book.counters.overshoot_nano_usd) == ((130, 130), 30)


def test_a_request_in_flight_keeps_its_lease_when_another_overspends() -> None:
    fleet = fleet_of(month=quota(100))
    agent, other = fleet.agent(), fleet.agent()
    agent.granted(60)
    agent.settle(agent.granted(40), 70)
    fleet.pass_by(1.1)
    waiter = other.waiting(1)
    fleet.pass_by(1.6)
    assert (sums(fleet), type(waiter.decision)) == ((70, 130), Refusal)


# Across a crash


def test_a_restarted_agent_settles_what_its_log_has_and_counts_nothing_twice() -> None:
    fleet = fleet_of(month=quota(1000))
    agent = fleet.agent()
    for cost in (10, 20, 30):
        agent.settle(agent.granted(40), cost)
    fleet.pass_by(1.1)  # settled in the ledger, but the checkpoint was not committed
    agent.end(agent.granted(40), 5)  # in the log, not read
    agent.restart()
    fleet.pass_by(1.1)
    assert fleet.state(MONTH).settled == 65


def test_what_was_in_flight_stays_leased_after_a_restart_until_its_line_appears() -> None:
    fleet = fleet_of(month=quota(100))
    agent, other = fleet.agent(), fleet.agent()
    reservation = agent.granted(80)
    agent.restart()
    waiter = other.waiting(30)
    fleet.pass_by(1.6)
    assert isinstance(waiter.decision, Refusal)
    agent.settle(reservation, 60)
    fleet.pass_by(1.1)
    assert (fleet.state(MONTH).settled, agent.book.counters.overshoot_nano_usd) == (60, 0)


def test_what_is_held_for_requests_from_before_a_restart_is_not_eaten_by_one_that_overspends() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agent()
    agent.granted(60)
    agent.restart()
    agent.settle(agent.granted(20), 70)
    fleet.pass_by(1.1)
    assert sums(fleet) == (70, 130)


def test_what_nobody_claims_after_a_restart_is_given_back_after_the_maximal_age() -> None:
    fleet = Fleet(ModelStore(), {"month": quota(100)}, QuotaSettings(max_age=60))
    agent = fleet.agent()
    agent.granted(80)
    agent.restart()
    fleet.pass_by(58, step=1)
    before = sums(fleet)
    fleet.pass_by(5, step=1)
    assert (before, sums(fleet)) == ((0, 80), (0, 0))


def test_what_nobody_can_claim_after_a_restart_is_given_back_at_once() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agent()
    agent.granted(80)
    agent.restart()
    agent.writes.release_held()
    fleet.pass_by(1.1)
    assert sums(fleet) == (0, 0)


def test_without_a_receipt_the_windows_are_those_of_scopes_and_start() -> None:
    fleet = fleet_of(month=quota(100), calls=quota(50, "requests", "minute"))
    agent = fleet.agent()
    agent.end(agent.granted(40), 15, receipt=False)
    fleet.pass_by(70)
    agent.restart()
    fleet.pass_by(1.1)
    minute = WindowKey("calls", "requests", "2026-11-21T12:00Z")
    assert (fleet.state(MONTH).settled, fleet.state(minute).settled) == (15, 1)


def test_a_receipt_outlives_the_quota() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agent()
    agent.end(agent.granted(40), 15)
    fleet.quotas = {}
    agent.restart()
    fleet.pass_by(1.1)
    assert sums(fleet)[0] == 15


def test_the_checkpoint_moves_only_past_what_the_ledger_has() -> None:
    fleet = fleet_of(month=quota(1000))
    agent = fleet.agent()
    agent.settle(agent.granted(40), 10)
    assert agent.book.flushed == -1
    fleet.pass_by(1.1)
    assert agent.book.flushed == 0


def test_a_line_settled_while_a_write_is_under_way_holds_the_checkpoint() -> None:
    fleet = fleet_of(month=quota(1000))
    agent = fleet.agent()
    first, second = agent.granted(40), agent.granted(40)
    agent.settle(first, 10)
    fleet.time.pass_by(2)
    agent.book.tick()
    [(lease, swap)] = agent.book.step()
    agent.settle(second, 20)
    agent.book.answered(lease, fleet.store.swap(swap))
    assert agent.book.flushed == 0


def test_a_line_that_costs_nothing_does_not_hold_up_the_checkpoint() -> None:
    agent = fleet_of(month=quota(1000)).agent()
    agent.book.settle(Settlement("refused", amounts(0, 0, 0), position=0, scopes=SCOPES))
    assert agent.book.flushed == 0


# Leaks


def test_a_reservation_whose_request_never_ends_is_settled_at_its_bound() -> None:
    fleet = Fleet(ModelStore(), {"month": quota(100)}, QuotaSettings(max_age=60))
    agent = fleet.agent()
    aged: list[str] = []
    agent.book.on_aged = aged.append
    reservation = agent.granted(80)
    fleet.pass_by(62, step=1)
    assert (sums(fleet), aged) == ((80, 80), [reservation.request_id])


def test_a_line_that_comes_after_its_reservation_has_aged_is_not_counted_again() -> None:
    fleet = Fleet(ModelStore(), {"month": quota(100)}, QuotaSettings(max_age=60))
    agent = fleet.agent()
    reservation = agent.granted(80)
    fleet.pass_by(62, step=1)
    agent.settle(reservation, 70)
    fleet.pass_by(2)
    assert sums(fleet) == (80, 80)


def test_a_long_stream_does_not_age() -> None:
    fleet = fleet_of(month=quota(100))
    agent = fleet.agent()
    reservation = agent.granted(80)
    fleet.pass_by(3600, step=10)
    agent.settle(reservation, 70)
    fleet.pass_by(1.1)
    assert (sums(fleet), agent.book.counters.aged) == ((70, 70), 0)


def test_the_memory_of_settled_ids_is_bounded() -> None:
    ids = RecentIds(size=10)
    for n in range(100):
        ids.add(str(n))
    assert [str(n) in ids for n in (99, 90, 79, 0)] == [True, True, False, False]


def test_a_window_that_nobody_wrote_to_has_nothing() -> None:
    assert fleet_of(month=quota(1)).state(MONTH) == WindowState()
