"""What a quota costs on a request's path: CPU of one reserve that leases in hand answer."""

import time

import pytest

from gwctl.agent.reserve.engine import QuotaEngine
from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reservation import Reservation, Settlement
from ledger.driver import SCOPES, amounts, quota

CALLS = 5_000
ROUNDS = 7
RESERVE_MICROSECONDS = 30
SETTLE_MICROSECONDS = 60


@pytest.mark.alone
def test_a_reserve_under_three_quotas_takes_microseconds(capsys: pytest.CaptureFixture[str]) -> None:
    store = ModelStore()
    engine = QuotaEngine(store, "a", "w")
    engine.set_quotas(
        {
            "money": quota(10**15),
            "tokens": quota(10**15, "tokens", "day", scope="gateway"),
            "calls": quota(10**12, "requests", scope="client:bot"),
        }
    )
    bounds = amounts(1000, 1000)
    book = engine._book  # pyright: ignore[reportPrivateUsage]
    book.reserve("warm-up", SCOPES, bounds)
    while writes := book.step():
        for lease, swap in writes:
            book.answered(lease, store.swap(swap))
    for lease in engine._writes.leases:  # pyright: ignore[reportPrivateUsage]
        lease.free = 10**12

    reserve, settle = [], []
    for round_number in range(ROUNDS):
        ids = [f"{round_number}-{n}" for n in range(CALLS)]
        began = time.process_time()
        answers = [called(engine, request_id, bounds) for request_id in ids]
        between = time.process_time()
        for n, request_id in enumerate(ids):
            book.settle(Settlement(request_id, bounds, round_number * CALLS + n))
        ended = time.process_time()
        reserve.append((between - began) / CALLS * 1e6)
        settle.append((ended - between) / CALLS * 1e6)
        assert all(isinstance(answer, Reservation) for answer in answers)
    with capsys.disabled():
        print(f"\n  CPU under three quotas: reserve {min(reserve):.1f} µs, settle {min(settle):.1f} µs")
    assert min(reserve) < RESERVE_MICROSECONDS
    assert min(settle) < SETTLE_MICROSECONDS


def called(engine: QuotaEngine, request_id: str, bounds: object) -> object:
    """What `reserve` returns, without an event loop: it must not suspend."""
    try:
        engine.reserve(request_id, SCOPES, bounds).send(None)  # pyright: ignore[reportArgumentType]
    except StopIteration as returned:
        return returned.value
    raise AssertionError("it suspended")
