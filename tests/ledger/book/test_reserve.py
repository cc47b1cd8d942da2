"""Reserve: all quotas of a request or none, from leases in hand, by one write for all who wait."""

import math

import pytest

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reservation import Refusal, Reservation
from gwctl.ledger.quotas.scopes import scopes_of
from gwctl.ledger.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import Outcome, Swap, WindowKey
from gwctl.ledger.quotas.waiting import Waiter
from ledger.driver import NOON, SCOPES, Fleet, SimAgent, amounts, quota

MONTH = WindowKey("month", "nano_usd", "2026-11")


class CountingStore(ModelStore):
    """Counts the writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def swap(self, swap: Swap) -> Outcome:
        self.writes += 1
        return super().swap(swap)


def one_agent(**quotas: object) -> SimAgent:
    return Fleet(CountingStore(), quotas).agent()  # type: ignore[arg-type]


def reason(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.reason


def test_a_request_within_the_limit_is_granted() -> None:
    assert isinstance(one_agent(month=quota(100)).ask(60), Reservation)


def test_a_request_without_a_quota_is_granted_at_once() -> None:
    assert isinstance(one_agent(month=quota(100)).reserve(60, scopes=("team:other",)), Reservation)


def test_the_limit_can_be_used_to_the_last_unit() -> None:
    agent = one_agent(month=quota(100))
    assert [type(agent.ask(50)) for _ in range(2)] == [Reservation, Reservation]


def test_what_does_not_fit_is_refused_after_the_wait() -> None:
    agent = one_agent(month=quota(100))
    agent.ask(60)
    waiter = agent.waiting(41)
    agent.fleet.pass_by(1.6)
    assert reason(waiter.decision) == "reserved"


def test_a_request_that_costs_nothing_fits_into_a_used_up_quota() -> None:
    agent = one_agent(month=quota(100))
    agent.settle(agent.granted(100), 100)
    assert isinstance(agent.ask(0), Reservation)


@pytest.mark.parametrize("full", ["month", "minute"])
def test_all_quotas_are_reserved_or_none(full: str) -> None:
    limits = {"month": 100, "minute": 100} | {full: 10}
    agent = one_agent(
        month=quota(limits["month"]), minute=quota(limits["minute"], "tokens", "minute", scope="client:bot")
    )
    agent.ask(5, 5)
    assert reason(agent.ask(50, 50)) == "too_large"
    reserved = {lease.key.quota: lease.reserved for lease in agent.writes.leases}
    assert reserved == {"month": 5, "minute": 5}


def test_a_refusal_names_the_quota_and_when_it_resets() -> None:
    agent = one_agent(day=quota(100, "tokens", "day", scope="client:bot", timezone="Europe/Berlin"))
    agent.settle(agent.granted(0, 100), 0, 95)
    assert agent.ask(0, 10) == Refusal(
        reason="exhausted",
        quota="day",
        scope="client:bot",
        unit="tokens",
        limit=100,
        period="day",
        resets_at=NOON + 11 * 3600,
        retry_after=11 * 3600,
        left=5,
    )


def test_of_several_refusing_quotas_the_one_that_resets_last_is_named() -> None:
    agent = one_agent(minute=quota(5, period="minute"), month=quota(5, period="month"), day=quota(5, period="day"))
    assert agent.refused(6).quota == "month"


def test_a_used_up_quota_refuses_without_a_write() -> None:
    agent = one_agent(month=quota(100))
    agent.settle(agent.granted(100), 100)
    agent.fleet.pass_by(1.1)
    before = agent.fleet.store.writes  # type: ignore[attr-defined]
    answers = [reason(agent.reserve(1)) for _ in range(50)]
    assert (set(answers), agent.fleet.store.writes) == ({"exhausted"}, before)  # type: ignore[attr-defined]


def test_a_total_that_is_used_up_says_that_waiting_is_of_no_use() -> None:
    agent = one_agent(total=quota(10, period="total"))
    agent.settle(agent.granted(10), 10)
    refusal = agent.refused(1)
    assert (refusal.resets_at, refusal.retry_after) == (None, None)


def test_waiting_requests_are_leased_with_one_write() -> None:
    agent = one_agent(month=quota(10_000))
    waiters = [agent.waiting(7) for _ in range(500)]
    agent.work()
    granted = [isinstance(waiter.decision, Reservation) for waiter in waiters]
    assert (all(granted), agent.fleet.store.writes) == (True, 1)  # type: ignore[attr-defined]


def test_of_a_thousand_at_once_just_those_are_granted_for_whom_there_is_money() -> None:
    fleet = Fleet(ModelStore(), {"month": quota(100)})
    agents = [fleet.agent() for _ in range(4)]
    waiters = [agents[n % 4].waiting(10) for n in range(1000)]
    fleet.pass_by(2)
    granted = [waiter for waiter in waiters if isinstance(waiter.decision, Reservation)]
    assert (len(granted), fleet.state(MONTH).committed) == (10, 100)


def test_leases_in_hand_answer_without_a_write() -> None:
    agent = one_agent(month=quota(10**9))
    burn(agent, seconds=3)
    before = agent.fleet.store.writes  # type: ignore[attr-defined]
    answers = [agent.reserve(10) for _ in range(20)]
    assert all(isinstance(answer, Reservation) for answer in answers)
    assert agent.fleet.store.writes == before  # type: ignore[attr-defined]


def burn(agent: SimAgent, seconds: float, bound: int = 10, each: float = 0.05) -> None:
    """A steady stream of requests that end at once at half their bound."""
    for _ in range(round(seconds / each)):
        answer = agent.ask(bound)
        if isinstance(answer, Reservation):
            agent.settle(answer, bound // 2)
        agent.fleet.pass_by(each)


def test_a_lease_is_for_some_seconds_of_the_burn_rate() -> None:
    agent = one_agent(month=quota(10**9))
    burn(agent, seconds=5)  # 200 a second
    free = next(lease.free for lease in agent.writes.leases)
    assert 200 <= free <= 3 * 200 * 1.5


def test_a_steady_stream_costs_the_ledger_about_a_write_a_second() -> None:
    agent = one_agent(month=quota(10**9))
    burn(agent, seconds=3)
    before = agent.book.counters.writes
    burn(agent, seconds=10)
    assert agent.book.counters.writes - before <= 15


def test_the_same_request_is_reserved_once() -> None:
    agent = one_agent(month=quota(100))
    answers = [agent.ask(40, request_id="r"), agent.ask(40, request_id="r"), agent.ask(40, request_id="r")]
    assert answers[0] is answers[1] is answers[2]


def test_nobody_waits_beyond_his_own_deadline() -> None:
    agent = one_agent(month=quota(100))
    agent.ask(100)
    waiter = agent.book.reserve("hasty", SCOPES, amounts(10), until=agent.fleet.time.mono + 0.3)
    assert isinstance(waiter, Waiter)
    agent.fleet.pass_by(0.35)
    assert reason(waiter.decision) == "reserved"


def test_a_deadline_that_is_over_is_answered_at_once() -> None:
    agent = one_agent(month=quota(100))
    assert isinstance(agent.book.reserve("late", SCOPES, amounts(10), until=-math.inf), Refusal)


def test_the_line_is_bounded() -> None:
    fleet = Fleet(ModelStore(), {"month": quota(100)}, QuotaSettings(max_waiters=5))
    agent = fleet.agent()
    answers = [agent.reserve(1) for _ in range(8)]
    assert [isinstance(answer, Waiter) for answer in answers] == [True] * 5 + [False] * 3


def test_reservations_in_memory_are_bounded() -> None:
    fleet = Fleet(ModelStore(), {"month": quota(100)}, QuotaSettings(max_reservations=3))
    agent = fleet.agent()
    answers = [agent.ask(1) for _ in range(4)]
    assert reason(answers[3]) == "unavailable"


def test_requests_that_nothing_blocks_are_let_through_and_counted_when_memory_is_full() -> None:
    fleet = Fleet(ModelStore(), {"month": quota(100, action="alert")}, QuotaSettings(max_reservations=3))
    agent = fleet.agent()
    reservations = [agent.granted(1) for _ in range(9)]
    in_memory = agent.book.in_flight
    for reservation in reservations:
        agent.settle(reservation, 1)
    fleet.pass_by(1.1)
    assert (in_memory, fleet.state(MONTH).settled) == (3, 9)


@pytest.mark.parametrize("bound", [-1, 1.5, True, "7", None, 10**30, math.nan])
def test_absurd_bounds_are_refused(bound: object) -> None:
    agent = one_agent(month=quota(100))
    with pytest.raises(ValueError, match="a bound in nano_usd is"):
        agent.book.reserve("r", SCOPES, amounts(bound))  # type: ignore[arg-type]


def test_a_missing_bound_is_refused() -> None:
    agent = one_agent(month=quota(100))
    with pytest.raises(ValueError, match="a bound has no tokens"):
        agent.book.reserve("r", SCOPES, {"nano_usd": 1, "requests": 1})


def test_a_limit_of_nothing_refuses_everything() -> None:
    assert reason(one_agent(month=quota(0)).ask(1)) == "too_large"


def test_a_request_falls_under_all_its_scopes() -> None:
    scopes = scopes_of("acme", "bot", "team:x/model:y")
    assert scopes == ("gateway", "team:acme", "team:acme/model:team:x/model:y", "client:bot")
