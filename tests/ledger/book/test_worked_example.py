"""The worked example of `gwctl.ledger.quotas`, step by step: a budget of $1, two agents, and a crash."""

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reservation import Reservation
from gwctl.ledger.quotas.store import WindowKey
from ledger.driver import Fleet, quota

CENT = 10**7
MONTH = WindowKey("budget", "nano_usd", "2026-11")


def sums(fleet: Fleet) -> tuple[int, ...]:
    """In cents: what A has leased and settled, what B has, and what is committed of the budget."""
    state = fleet.state(MONTH)
    leases = [state.lease_of(name) for name in ("A", "B")]
    amounts = [*(amount for lease in leases for amount in (lease.outstanding, lease.settled)), state.committed]
    return tuple(amount // CENT for amount in amounts)


def test_a_budget_of_a_dollar_holds_over_two_agents_and_a_crash() -> None:
    fleet = Fleet(ModelStore(), {"budget": quota(100 * CENT)})
    a, b = fleet.agent("A"), fleet.agent("B")

    first = a.granted(40 * CENT)
    assert sums(fleet) == (40, 0, 0, 0, 40)  # step 1

    second = b.granted(50 * CENT)
    assert sums(fleet) == (40, 0, 50, 0, 90)  # step 2

    waiter = a.waiting(20 * CENT)
    fleet.pass_by(0.3)
    assert waiter.decision is None
    assert sums(fleet) == (40, 0, 50, 0, 90)  # step 3

    a.settle(first, 3 * CENT)
    fleet.pass_by(1)
    assert isinstance(waiter.decision, Reservation)
    assert sums(fleet) == (20, 3, 50, 0, 73)  # step 4

    b.restart()
    fleet.pass_by(60)
    assert sums(fleet) == (20, 3, 50, 0, 73)  # step 5
    assert [(lease.held // CENT, lease.free) for lease in b.writes.leases if lease.key == MONTH] == [(50, 0)]

    b.settle(second, 5 * CENT)
    b.writes.release_held()
    fleet.pass_by(1)
    assert sums(fleet) == (20, 3, 0, 5, 28)  # step 6


def test_an_agent_with_a_journal_gives_back_at_once_what_no_request_needs() -> None:
    """Without one, what a killed agent had leased is held until the longest stream is over: 65 minutes."""
    fleet = Fleet(ModelStore(), {"budget": quota(100 * CENT)})
    a, b = fleet.agent("A"), fleet.agent("B")
    ended, open_yet = b.granted(40 * CENT), b.granted(10 * CENT)
    b.settle(ended, 5 * CENT)  # in memory only: the ledger has it as leased
    assert sums(fleet) == (0, 0, 50, 0, 50)

    b.restart_with_journal()
    fleet.pass_by(1)
    assert sums(fleet) == (0, 0, 10, 5, 15)
    a.granted(80 * CENT)

    b.settle(open_yet, 2 * CENT)
    fleet.pass_by(1)
    assert sums(fleet) == (80, 0, 0, 7, 87)
