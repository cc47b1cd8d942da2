"""The engine on asyncio: answers at once when it can, waits when it must, loses nothing when it ends."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from gwctl.agent.reserve.engine import QuotaEngine
from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reservation import Refusal, Reservation, Settlement
from gwctl.ledger.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import Outcome, QuotaStore, StoreUnavailable, Swap, WindowKey, WindowState
from gwctl.ledger.quotas.windows import window_at
from gwctl.ledger.quotas.writes import Notice
from ledger.driver import amounts, quota

SCOPES = ("team:acme",)


class GatedStore(ModelStore):
    """Writes wait while the gate is shut, or fail if it is `broken`."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.broken: Exception | None = None

    def swap(self, swap: Swap) -> Outcome:
        self.gate.wait(10)
        if self.broken:
            raise self.broken
        return super().swap(swap)


def month() -> WindowKey:
    return WindowKey("month", "nano_usd", window_at("month", "UTC", time.time()).id)


def state_of(store: QuotaStore) -> WindowState:
    return store.read([month()]).get(month(), WindowState())


@contextmanager
def an_engine(
    store: QuotaStore, limit: int = 100, agent: str = "a", writer: str = "w", **more: float
) -> Iterator[QuotaEngine]:
    engine = QuotaEngine(store, agent, writer, settings=QuotaSettings(**more))  # pyright: ignore[reportArgumentType]
    engine.set_quotas({"month": quota(limit)})
    yield engine
    engine.close()


def run(engine: QuotaEngine, scenario: Callable[[], Awaitable[None]]) -> None:
    """Runs the scenario while the engine keeps time."""

    async def both() -> None:
        keeper = asyncio.create_task(engine.run())
        try:
            async with asyncio.timeout(30):
                await scenario()
        finally:
            keeper.cancel()

    asyncio.run(both())


def settlement(reservation: Reservation, cost: int, position: int = 0) -> Settlement:
    return Settlement(reservation.request_id, amounts(cost), position, reservation.receipt)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  the engine has no event for each condition of a test
        await asyncio.sleep(0.01)


def test_a_lease_in_hand_answers_without_suspending() -> None:
    with an_engine(ModelStore()) as engine:

        async def scenario() -> None:
            first = await engine.reserve("first", SCOPES, amounts(100))
            assert isinstance(first, Reservation)
            engine.settle(settlement(first, 10))
            call = engine.reserve("second", SCOPES, amounts(50))
            with pytest.raises(StopIteration) as returned:
                call.send(None)
            assert isinstance(returned.value.value, Reservation)

        run(engine, scenario)


def test_who_waits_gets_the_money_that_comes_free() -> None:
    with an_engine(ModelStore()) as engine:

        async def scenario() -> None:
            first = await engine.reserve("first", SCOPES, amounts(100))
            assert isinstance(first, Reservation)
            second = asyncio.create_task(engine.reserve("second", SCOPES, amounts(50)))
            await asyncio.sleep(0)
            engine.settle(settlement(first, 10))
            assert isinstance(await second, Reservation)

        run(engine, scenario)


def test_a_cancelled_wait_gives_everything_back() -> None:
    store = GatedStore()
    with an_engine(store) as engine:

        async def scenario() -> None:
            store.gate.clear()
            waiting = asyncio.create_task(engine.reserve("gone", SCOPES, amounts(100)))
            await until(lambda: engine.counters.writes == 1)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            store.gate.set()
            assert isinstance(await engine.reserve("next", SCOPES, amounts(100)), Reservation)

        run(engine, scenario)


def test_a_slow_ledger_does_not_hold_up_those_with_a_lease_in_hand() -> None:
    store = GatedStore()
    with an_engine(store) as engine:

        async def scenario() -> None:
            first = await engine.reserve("first", SCOPES, amounts(60))
            assert isinstance(first, Reservation)
            engine.settle(settlement(first, 0))
            store.gate.clear()
            large = asyncio.create_task(engine.reserve("large", SCOPES, amounts(90)))
            await until(lambda: engine.counters.writes == 2)
            assert isinstance(await engine.reserve("small", SCOPES, amounts(20)), Reservation)
            assert not large.done()
            store.gate.set()
            await large

        run(engine, scenario)


def test_a_ledger_that_does_not_answer_refuses_after_the_wait() -> None:
    store = GatedStore()
    store.broken = StoreUnavailable("down")
    with an_engine(store, wait=0.2) as engine:

        async def scenario() -> None:
            refusal = await engine.reserve("r", SCOPES, amounts(1))
            assert isinstance(refusal, Refusal)
            assert refusal.reason == "unavailable"

        run(engine, scenario)


def test_a_bug_in_the_store_refuses_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    store = GatedStore()
    store.broken = KeyError("committed")
    with an_engine(store, wait=0.2) as engine:

        async def scenario() -> None:
            assert isinstance(await engine.reserve("r", SCOPES, amounts(1)), Refusal)

        run(engine, scenario)
    assert "Traceback" in caplog.text


def test_stopping_settles_everything_and_gives_idle_leases_back() -> None:
    store = ModelStore()
    with an_engine(store) as engine:

        async def scenario() -> None:
            first = await engine.reserve("first", SCOPES, amounts(80))
            assert isinstance(first, Reservation)
            engine.settle(settlement(first, 30))
            assert await engine.stop()

        run(engine, scenario)
    state = state_of(store)
    assert (state.settled, state.committed, engine.flushed) == (30, 30, 0)


def test_stopping_says_so_when_the_ledger_does_not_let_it() -> None:
    store = GatedStore()
    with an_engine(store) as engine:

        async def scenario() -> None:
            first = await engine.reserve("first", SCOPES, amounts(80))
            assert isinstance(first, Reservation)
            store.broken = StoreUnavailable("down")
            engine.settle(settlement(first, 30))
            assert not await engine.stop(0.3)

        run(engine, scenario)


def test_an_engine_that_is_stopping_grants_nothing() -> None:
    with an_engine(ModelStore()) as engine:

        async def scenario() -> None:
            await engine.stop()
            assert isinstance(await engine.reserve("late", SCOPES, amounts(1)), Refusal)

        run(engine, scenario)


def test_an_agent_that_leaves_for_ever_closes_its_leases() -> None:
    store = ModelStore()
    with an_engine(store) as engine:

        async def scenario() -> None:
            first = await engine.reserve("first", SCOPES, amounts(80))
            assert isinstance(first, Reservation)
            engine.settle(settlement(first, 30))
            await engine.stop()
            await engine.retire()

        run(engine, scenario)
    assert (state_of(store).lease_of("a").closed, state_of(store).committed) == (True, 30)


def test_a_restarted_agent_takes_over_its_lease() -> None:
    store = ModelStore()
    with an_engine(store) as engine:

        async def first_life() -> None:
            assert isinstance(await engine.reserve("first", SCOPES, amounts(80)), Reservation)

        run(engine, first_life)
    with an_engine(store, writer="another") as engine:

        async def second_life() -> None:
            await engine.recover()
            engine.settle(Settlement("first", amounts(30), 0, str(month())))
            engine.release_held()
            assert isinstance(await engine.reserve("second", SCOPES, amounts(70)), Reservation)
            await engine.stop()

        run(engine, second_life)
    assert (state_of(store).settled, state_of(store).committed) == (30, 100)


def test_a_threshold_is_told_once_by_two_agents() -> None:
    store = ModelStore()
    told: list[Notice] = []
    with an_engine(store, agent="a") as one, an_engine(store, agent="b") as other:
        one.on_threshold = other.on_threshold = told.append

        async def scenario() -> None:
            keeper = asyncio.create_task(other.run())
            for number, engine in enumerate([one, other, one, other]):
                answer = await engine.reserve(f"r{number}", SCOPES, amounts(24))
                assert isinstance(answer, Reservation)
                engine.settle(settlement(answer, 24, position=number))
            await asyncio.gather(one.stop(), other.stop())
            await until(lambda: bool(told))
            keeper.cancel()

        run(one, scenario)
    assert [notice.threshold for notice in told] == [80]


def test_writes_under_way_are_bounded() -> None:
    store = GatedStore()
    store.gate.clear()
    threads = ThreadPoolExecutor(16)
    engine = QuotaEngine(store, "a", "w", settings=QuotaSettings(writes_at_once=3), threads=threads)
    engine.set_quotas({f"q{n}": quota(100, scope=f"team:{n}") for n in range(20)})

    async def scenario() -> None:
        asked = [asyncio.create_task(engine.reserve(f"r{n}", (f"team:{n}",), amounts(1))) for n in range(20)]
        await until(lambda: engine.counters.writes > 0)
        under_way = engine.counters.writes
        store.gate.set()
        answers = await asyncio.gather(*asked)
        assert (under_way, {type(answer) for answer in answers}) == (3, {Reservation})

    run(engine, scenario)
    threads.shutdown()
