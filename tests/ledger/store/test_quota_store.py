"""What every quota store must do alike: the reference model, DynamoDB Local (the real engine) and moto."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gwctl.ledger.quotas.model import ModelStore, check_sums
from gwctl.ledger.quotas.store import NO_LEASE, Lease, QuotaStore, StoreUnavailable, Swap, WindowKey, WindowState
from gwctl.stores.aws.quotas import DynamoQuotaStore, connect
from support.ports import free_port
from support.session.profile import examples
from support.stores.dynamodb_local import dynamodb_client

NUMBERS = count()


@pytest.fixture
def key() -> WindowKey:
    """A window that nobody has written to."""
    return WindowKey(f"quota-{next(NUMBERS)}", "nano_usd", "2026-11")


def leased(amount: int, before: Lease = NO_LEASE, *, settled: int = 0, writer: str = "w") -> Lease:
    return Lease(
        outstanding=amount, settled=settled, mark=7, seq=before.seq + 1, writer=writer, expires_at=1_800_000_000
    )


def lease(store: QuotaStore, key: WindowKey, amount: int, *, agent: str = "a", limit: int | None = 100) -> Lease:
    after = leased(amount)
    assert store.swap(Swap(key, agent, NO_LEASE, after, limit)).applied
    return after


def read(store: QuotaStore, key: WindowKey) -> WindowState:
    return store.read([key])[key]


def test_a_window_that_nobody_wrote_to_is_absent(store: QuotaStore, key: WindowKey) -> None:
    assert store.read([key]) == {}


def test_a_first_lease_is_committed(store: QuotaStore, key: WindowKey) -> None:
    after = lease(store, key, 30)
    assert read(store, key) == WindowState(committed=30, leases={"a": after})


def test_an_answer_shows_the_whole_window(store: QuotaStore, key: WindowKey) -> None:
    first = lease(store, key, 30, agent="a")
    second = leased(5)
    outcome = store.swap(Swap(key, "b", NO_LEASE, second, 100))
    assert outcome.state == WindowState(committed=35, leases={"a": first, "b": second})


def test_the_last_unit_can_be_leased(store: QuotaStore, key: WindowKey) -> None:
    lease(store, key, 60, agent="a")
    assert store.swap(Swap(key, "b", NO_LEASE, leased(40), 100)).applied


def test_one_unit_too_many_is_refused(store: QuotaStore, key: WindowKey) -> None:
    first = lease(store, key, 60, agent="a")
    outcome = store.swap(Swap(key, "b", NO_LEASE, leased(41), 100))
    assert (outcome.applied, outcome.state) == (False, WindowState(committed=60, leases={"a": first}))


@pytest.mark.parametrize("limit", [0, 1, 9])
def test_a_lease_above_the_limit_is_refused_on_an_untouched_window(
    store: QuotaStore, key: WindowKey, limit: int
) -> None:
    outcome = store.swap(Swap(key, "a", NO_LEASE, leased(10), limit))
    assert (outcome.applied, outcome.state) == (False, WindowState())


def test_settling_moves_money_from_leased_to_settled(store: QuotaStore, key: WindowKey) -> None:
    before = lease(store, key, 30)
    after = leased(20, before, settled=10)
    store.swap(Swap(key, "a", before, after, 100))
    assert read(store, key) == WindowState(committed=30, settled=10, leases={"a": after})


def test_giving_back_makes_room(store: QuotaStore, key: WindowKey) -> None:
    before = lease(store, key, 100)
    store.swap(Swap(key, "a", before, leased(0, before)))
    assert store.swap(Swap(key, "b", NO_LEASE, leased(100), 100)).applied


def test_what_was_spent_is_counted_even_beyond_the_limit(store: QuotaStore, key: WindowKey) -> None:
    before = lease(store, key, 100)
    store.swap(Swap(key, "a", before, leased(0, before, settled=130)))
    state = read(store, key)
    assert (state.committed, state.settled) == (130, 130)


def test_a_lease_can_be_given_back_while_the_limit_is_exceeded(store: QuotaStore, key: WindowKey) -> None:
    before = lease(store, key, 100)
    assert store.swap(Swap(key, "a", before, leased(40, before), limit=50)).applied


def test_a_repeated_write_changes_nothing_and_shows_that_it_came_through(store: QuotaStore, key: WindowKey) -> None:
    swap = Swap(key, "a", NO_LEASE, leased(30), 100)
    store.swap(swap)
    outcome = store.swap(swap)
    assert (outcome.applied, outcome.state.committed, outcome.state.lease_of("a")) == (False, 30, swap.after)


def test_a_write_by_another_process_in_between_is_noticed(store: QuotaStore, key: WindowKey) -> None:
    before = lease(store, key, 30)
    other = leased(30, before, writer="other")
    store.swap(Swap(key, "a", before, other))
    assert not store.swap(Swap(key, "a", leased(30, before), leased(50, leased(30, before)), 100)).applied


def test_a_lease_is_kept_apart_by_unit_and_window(store: QuotaStore, key: WindowKey) -> None:
    lease(store, key, 30)
    others = [WindowKey(key.quota, "tokens", key.window), WindowKey(key.quota, key.unit, "2026-12")]
    assert store.read(others) == {}


def test_a_threshold_is_claimed_once(store: QuotaStore, key: WindowKey) -> None:
    claims = [store.claim(key, 80), store.claim(key, 80), store.claim(key, 100)]
    assert (claims, read(store, key).notified) == ([True, False, True], frozenset({80, 100}))


def test_a_claim_leaves_the_money_alone(store: QuotaStore, key: WindowKey) -> None:
    lease(store, key, 30)
    store.claim(key, 80)
    assert read(store, key).committed == 30


def test_many_windows_are_read_at_once(store: QuotaStore, key: WindowKey) -> None:
    keys = [WindowKey(key.quota, "requests", f"2026-11-21T{n // 60:02}:{n % 60:02}Z") for n in range(230)]
    written = keys[::23]
    for each in written:
        lease(store, each, 1)
    assert set(store.read([*keys, *keys])) == set(written)


def test_a_closed_lease_is_archived_and_its_spend_kept(store: QuotaStore, key: WindowKey) -> None:
    before = lease(store, key, 30)
    closed = Lease(settled=20, seq=2, writer="reconcile", expires_at=1, closed=True)
    store.swap(Swap(key, "a", before, closed))
    assert store.archive(key, "a", closed)
    assert read(store, key) == WindowState(committed=20, settled=20, archived=20)


def test_an_open_lease_is_not_archived(store: QuotaStore, key: WindowKey) -> None:
    with pytest.raises(ValueError, match="not closed"):
        store.archive(key, "a", lease(store, key, 30))


def test_a_lease_that_changed_meanwhile_is_not_archived(store: QuotaStore, key: WindowKey) -> None:
    before = lease(store, key, 30)
    closed = Lease(seq=2, writer="reconcile", closed=True)
    store.swap(Swap(key, "a", before, closed))
    store.archive(key, "a", closed)
    assert not store.archive(key, "a", closed)


def test_amounts_are_exact_beyond_what_a_double_can_hold(store: QuotaStore, key: WindowKey) -> None:
    amount = 10**18 + 1
    lease(store, key, amount, limit=10**19)
    assert read(store, key).committed == amount


@pytest.mark.parametrize(
    ("window", "kept_days"), [("2026-11-21T10:05Z", 2), ("2026-11-21", 400), ("2026-11", 800), ("total", None)]
)
def test_items_of_short_periods_expire_and_those_of_totals_do_not(
    dynamodb_local_url: str, key: WindowKey, window: str, kept_days: int | None
) -> None:
    client = dynamodb_client(dynamodb_local_url)
    store = DynamoQuotaStore(client, "test-ledger", clock=lambda: 1_000_000.0)
    lease(store, WindowKey(key.quota, "requests", window), 1)
    where = {"pk": {"S": f"quota#{key.quota}"}, "sk": {"S": f"requests#{window}"}}
    item = client.get_item(TableName="test-ledger", Key=where)["Item"]
    assert item.get("expires_at") == (kept_days and {"N": str(1_000_000 + kept_days * 86400)})


def test_a_connected_client_speaks_to_the_ledger(
    dynamodb_local_url: str, key: WindowKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    store = DynamoQuotaStore(connect("eu-central-1", dynamodb_local_url), "test-ledger")
    assert store.read([key]) == {}


def test_a_ledger_that_cannot_be_reached_is_unavailable(key: WindowKey) -> None:
    store = DynamoQuotaStore(dynamodb_client(f"http://127.0.0.1:{free_port()}"), "test-ledger")
    with pytest.raises(StoreUnavailable, match="test-ledger"):
        store.swap(Swap(key, "a", NO_LEASE, leased(1), 100))


def test_a_table_that_is_not_there_is_unavailable(dynamodb_local_url: str, key: WindowKey) -> None:
    store = DynamoQuotaStore(dynamodb_client(dynamodb_local_url), "no-such-table")
    with pytest.raises(StoreUnavailable, match="non-existent table"):
        store.read([key])


@st.composite
def swaps(draw: st.DrawFn) -> list[tuple[str, int, int, int | None, bool]]:
    """Agent, outstanding, spent now, limit, and whether the agent takes an outdated lease for its own."""
    step = st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 60),
        st.integers(0, 20),
        st.sampled_from([None, 0, 50, 100]),
        st.sampled_from([False, False, False, True]),
    )
    return draw(st.lists(step, max_size=12))


@given(steps=swaps())
@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_store_answers_as_the_model_does(
    store: QuotaStore, steps: list[tuple[str, int, int, int | None, bool]]
) -> None:
    model = ModelStore()
    key = WindowKey(f"quota-{next(NUMBERS)}", "tokens", "2026-11-21")
    history: dict[str, list[Lease]] = {agent: [NO_LEASE] for agent in "abc"}
    for agent, outstanding, spent, limit, outdated in steps:
        before = history[agent][0 if outdated else -1]
        after = leased(outstanding, before, settled=before.settled + spent)
        expected = model.swap(Swap(key, agent, before, after, limit))
        assert store.swap(Swap(key, agent, before, after, limit)) == expected
        check_sums(expected.state)
        if expected.applied:
            history[agent].append(after)
