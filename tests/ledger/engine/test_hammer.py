"""Several engines on one ledger, on each database: no overshoot from a cold start on, and no false refusals."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from gwctl.ledger.quotas.reservation import Reservation
from gwctl.ledger.quotas.store import QuotaStore, WindowKey, WindowState
from gwctl.ledger.quotas.windows import window_at
from ledger.conftest import store_of
from ledger.driver import amounts, quota
from ledger.engine.hammer import Load, Report, hammer, running_engines

ENGINES = 4
TESTS = count()


@pytest.fixture(params=["sqlite", "postgresql", "dynamodb-local"])
def stores(request: pytest.FixtureRequest) -> Iterator[list[QuotaStore]]:
    """One store, with connections of its own, for each engine."""
    with ExitStack() as stack:
        yield [stack.enter_context(store_of(request.param, request)) for _ in range(ENGINES)]


def state_of(store: QuotaStore, quota_id: str) -> WindowState:
    key = WindowKey(quota_id, "nano_usd", window_at("month", "UTC", time.time()).id)
    return store.read([key])[key]


@pytest.mark.alone
@pytest.mark.parametrize("engines", [1, 4])
def test_of_a_thousand_simultaneous_requests_a_budget_for_ten_admits_ten(
    stores: list[QuotaStore], engines: int
) -> None:
    name = f"cold-{next(TESTS)}"

    async def run() -> int:
        async with running_engines(stores[:engines], {name: quota(10 * 700)}) as running:
            asked = [running[n % engines].reserve(f"r{n}", ("team:acme",), amounts(700)) for n in range(1000)]
            answers = await asyncio.gather(*asked)
        return sum(isinstance(answer, Reservation) for answer in answers)

    assert asyncio.run(run()) == 10
    assert state_of(stores[0], name).committed == 10 * 700


@pytest.mark.alone
def test_mixed_sizes_under_three_quotas_are_neither_overspent_nor_refused_falsely(
    stores: list[QuotaStore], capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    run_id = next(TESTS)
    limits = {"gateway": 60_000, "team:a": 40_000, "team:b": 9_000, "client:1": 25_000, "client:2": 25_000}
    quotas = {f"mixed-{run_id}-{n}": quota(limits[scope], scope=scope) for n, scope in enumerate(limits)}
    load = Load(
        clients=64,
        requests=20,
        seconds=0.05,
        bounds=[10, 20, 50, 100, 300, 1000, 3000],
        scopes=[("gateway", f"team:{team}", f"client:{client}") for team in "ab" for client in "123"],
    )

    async def run() -> Report:
        async with running_engines(stores, quotas) as engines:
            return await hammer(engines, limits, load)

    report = asyncio.run(run())
    with capsys.disabled():
        print(f"\n  hammer on {request.node.callspec.id}: {report}")
    states = {quota.scope: state_of(stores[0], name) for name, quota in quotas.items()}
    assert (report.observer.overshoot, report.false_refusals) == (0, 0)
    assert {scope: (state.settled, state.committed) for scope, state in states.items()} == {
        scope: (report.observer.spent[scope], report.observer.spent[scope]) for scope in limits
    }
