"""Reconcile: an agent that is gone for ever counts as having spent all it had leased, until the audit log is in."""

import pytest

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reconcile import ARCHIVE_SECONDS, GRACE_SECONDS, ReconcileError, reconcile, tidy
from gwctl.ledger.quotas.reservation import Reservation
from gwctl.ledger.quotas.store import WindowKey
from ledger.driver import Fleet, quota

MONTH = WindowKey("month", "nano_usd", "2026-11")
LEASE_SECONDS = 600


@pytest.fixture
def fleet() -> Fleet:
    """`gone` has spent 30, of which the ledger has 10, and had 60 more in flight; `here` is alive."""
    fleet = Fleet(ModelStore(), {"month": quota(100)})
    gone = fleet.agent("gone")
    gone.settle(gone.granted(10), 10)
    fleet.pass_by(1.1)
    gone.granted(60)
    gone.end(gone.granted(25), 20)
    fleet.agents.remove(gone)
    fleet.agent("here")
    return fleet


def long_after(fleet: Fleet) -> float:
    return fleet.time.wall + LEASE_SECONDS + GRACE_SECONDS + 1


def test_what_it_had_leased_counts_as_spent_for_as_long_as_it_takes(fleet: Fleet) -> None:
    fleet.time.pass_by(10 * 86400 - 86400 * 2)
    assert fleet.state(MONTH).committed == 95


def test_the_difference_is_given_back(fleet: Fleet) -> None:
    done = reconcile(fleet.store, MONTH, "gone", audited=30, now=long_after(fleet))
    state = fleet.state(MONTH)
    assert (state.settled, state.committed, done.added, done.given_back) == (30, 30, 20, 65)


def test_what_was_given_back_can_be_spent_by_others(fleet: Fleet) -> None:
    here = fleet.agents[0]
    reconcile(fleet.store, MONTH, "gone", audited=30, now=long_after(fleet))
    assert isinstance(here.ask(70), Reservation)


def test_an_agent_that_may_be_alive_is_left_alone(fleet: Fleet) -> None:
    before = fleet.state(MONTH)
    with pytest.raises(ReconcileError, match="may be in use until"):
        reconcile(fleet.store, MONTH, "gone", audited=30, now=fleet.time.wall + LEASE_SECONDS + GRACE_SECONDS - 5)
    assert fleet.state(MONTH) == before


def test_an_audit_log_that_knows_less_than_the_ledger_is_not_believed(fleet: Fleet) -> None:
    before = fleet.state(MONTH)
    with pytest.raises(ReconcileError, match="says 9, less than the 10"):
        reconcile(fleet.store, MONTH, "gone", audited=9, now=long_after(fleet))
    assert fleet.state(MONTH) == before


def test_the_second_time_nothing_happens(fleet: Fleet) -> None:
    reconcile(fleet.store, MONTH, "gone", audited=30, now=long_after(fleet))
    with pytest.raises(ReconcileError, match="closed already"):
        reconcile(fleet.store, MONTH, "gone", audited=30, now=long_after(fleet))


def test_spend_that_never_reached_the_ledger_is_added(fleet: Fleet) -> None:
    reconcile(fleet.store, MONTH, "never-seen", audited=3, now=fleet.time.wall)
    assert fleet.state(MONTH).settled == 13


def test_spend_beyond_the_lease_is_counted_in_full(fleet: Fleet) -> None:
    done = reconcile(fleet.store, MONTH, "gone", audited=140, now=long_after(fleet))
    assert (fleet.state(MONTH).settled, done.given_back) == (140, -45)


def test_closed_leases_are_archived_after_a_while_and_their_spend_stays(fleet: Fleet) -> None:
    reconcile(fleet.store, MONTH, "gone", audited=30, now=long_after(fleet))
    archived = [
        tidy(fleet.store, MONTH, fleet.time.wall + seconds) for seconds in (1000, LEASE_SECONDS + ARCHIVE_SECONDS + 9)
    ]
    state = fleet.state(MONTH)
    assert (archived, state.settled, state.archived, state.leases) == ([0, 1], 30, 30, {})


def test_open_leases_are_never_archived(fleet: Fleet) -> None:
    assert tidy(fleet.store, MONTH, fleet.time.wall + 10**8) == 0
