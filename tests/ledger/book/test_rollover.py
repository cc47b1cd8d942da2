"""Windows change while requests are in flight and waiting, and clocks jump."""

from datetime import datetime

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reservation import Refusal, Reservation
from gwctl.ledger.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import WindowKey
from gwctl.ledger.quotas.waiting import Waiter
from ledger.driver import FakeTime, Fleet, quota


def fleet_of(limit: int, period: str, at: str = "2026-11-21T12:00:30Z", timezone: str = "UTC") -> Fleet:
    time = FakeTime(wall=datetime.fromisoformat(at).timestamp())
    fleet = Fleet(ModelStore(), {"q": quota(limit, "tokens", period, timezone=timezone)}, time=time)
    fleet.agent()
    return fleet


def settled(fleet: Fleet, window: str) -> int:
    return fleet.state(WindowKey("q", "tokens", window)).settled


def test_a_new_minute_has_the_whole_limit() -> None:
    fleet = fleet_of(100, "minute")
    agent = fleet.agents[0]
    agent.granted(0, 100)
    fleet.pass_by(31)
    assert isinstance(agent.ask(0, 100), Reservation)


def test_a_request_settles_in_the_window_it_was_reserved_in() -> None:
    fleet = fleet_of(100, "minute")
    agent = fleet.agents[0]
    reservation = agent.granted(0, 80)
    fleet.pass_by(600, step=1)
    agent.settle(reservation, 0, 70)
    fleet.pass_by(1.1)
    assert (settled(fleet, "2026-11-21T12:00Z"), settled(fleet, "2026-11-21T12:10Z")) == (70, 0)


def test_a_request_that_waits_over_the_boundary_gets_into_the_new_window() -> None:
    fleet = fleet_of(100, "minute", at="2026-11-21T12:00:59Z")
    agent = fleet.agents[0]
    agent.granted(0, 100)
    waiter = agent.waiting(0, 50)
    fleet.pass_by(1.2)
    assert isinstance(waiter, Waiter)
    assert isinstance(waiter.decision, Reservation)
    assert waiter.decision.receipt == "q/tokens/2026-11-21T12:01Z"


def test_a_day_ends_at_local_midnight_also_when_the_clocks_change() -> None:
    fleet = fleet_of(
        100, "day", at="2026-10-25T22:30:00Z", timezone="Europe/Berlin"
    )  # 23:30, an hour later than a day ago
    agent = fleet.agents[0]
    agent.settle(agent.granted(0, 100), 0, 100)
    before = agent.ask(0, 100)
    fleet.pass_by(1800, step=1)
    assert (type(before), type(agent.ask(0, 100))) == (Refusal, Reservation)


def test_a_past_window_is_given_back_and_forgotten() -> None:
    fleet = fleet_of(100, "minute")
    agent = fleet.agents[0]
    agent.settle(agent.granted(0, 80), 0, 70)
    fleet.pass_by(33)
    state = fleet.state(WindowKey("q", "tokens", "2026-11-21T12:00Z"))
    assert (state.settled, state.committed) == (70, 70)
    assert [lease.key.window for lease in agent.writes.leases if lease.key.window.endswith("12:00Z")] == []


def test_an_alert_counts_a_long_stream_in_the_window_it_began_in() -> None:
    fleet = fleet_of(100, "minute")
    agent = fleet.agents[0]
    fleet.set_quotas({"q": quota(100, "tokens", "minute", action="alert")})
    reservation = agent.granted(0, 80)
    fleet.pass_by(300, step=1)
    agent.settle(reservation, 0, 70)
    fleet.pass_by(1.1)
    assert settled(fleet, "2026-11-21T12:00Z") == 70


def test_a_late_line_for_a_forgotten_window_is_added_to_it() -> None:
    fleet = fleet_of(100, "minute")
    agent = fleet.agents[0]
    first, second = agent.granted(0, 40), agent.granted(0, 40)
    agent.settle(first, 0, 30)
    agent.book.cancel(second.request_id)
    fleet.pass_by(40)
    agent.settle(second, 0, 20)
    fleet.pass_by(2)
    assert settled(fleet, "2026-11-21T12:00Z") == 50


def test_a_clock_that_jumps_back_reopens_the_window_it_lands_in_with_what_was_spent_there() -> None:
    fleet = fleet_of(100, "minute")
    agent = fleet.agents[0]
    agent.settle(agent.granted(0, 100), 0, 80)
    fleet.pass_by(40)
    agent.granted(0, 50)
    fleet.time.wall -= 40
    assert isinstance(agent.ask(0, 30), Refusal) or settled(fleet, "2026-11-21T12:00Z") == 80
    assert isinstance(agent.ask(0, 20), Reservation)


def test_a_clock_that_jumps_never_takes_a_window_beyond_its_limit() -> None:
    fleet = fleet_of(100, "minute")
    agent = fleet.agents[0]
    for jump in (0, 3600, -7200, 86400 * 400, -86400 * 400, 59, -61):
        fleet.time.wall += jump
        for _ in range(3):
            agent.reserve(0, 40)
        fleet.pass_by(2)
    windows = {lease.key for lease in agent.writes.leases}
    assert max(state.committed for state in fleet.states(windows).values()) <= 100


def test_a_machine_that_slept_hands_nothing_out_of_an_expired_lease() -> None:
    fleet = fleet_of(100, "month")
    agent = fleet.agents[0]
    agent.settle(agent.granted(0, 100), 0, 10)  # 90 free, in hand
    fleet.time.wall += QuotaSettings().lease + 1  # asleep: no tick, and the monotonic clock stood still
    assert isinstance(agent.reserve(0, 5), Waiter)


def test_an_expired_lease_is_good_again_once_the_ledger_has_renewed_it() -> None:
    fleet = fleet_of(100, "month")
    agent = fleet.agents[0]
    agent.settle(agent.granted(0, 100), 0, 10)
    fleet.time.wall += QuotaSettings().lease + 1
    waiter = agent.waiting(0, 5)
    fleet.pass_by(0.3)
    assert isinstance(waiter.decision, Reservation)


def test_a_lease_under_a_long_stream_is_renewed() -> None:
    fleet = fleet_of(100, "month")
    agent = fleet.agents[0]
    agent.granted(0, 100)
    fleet.pass_by(3000, step=5)
    lease = fleet.state(WindowKey("q", "tokens", "2026-11")).lease_of(agent.name)
    assert lease.expires_at > fleet.time.wall
