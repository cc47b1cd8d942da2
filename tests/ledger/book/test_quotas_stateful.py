"""Any interleaving of leases, costs, crashes and lost messages keeps every limit and ends with the exact spend.

The same machine runs on the reference model, on DynamoDB Local (the real engine's local build) and on moto.
"""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.store import QuotaStore
from ledger.book.machine import QuotaMachine
from support.session.profile import examples

ON_THE_MODEL = settings(max_examples=examples(60), stateful_step_count=80)
# A database answers in milliseconds, and there the machine tests the store, not the engine.
ON_A_DATABASE = settings(ON_THE_MODEL, max_examples=examples(15), suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.hypothesis
@pytest.mark.timeout(300)
def test_limits_hold_and_the_spend_is_exact(store: QuotaStore) -> None:
    examples = ON_THE_MODEL if isinstance(store, ModelStore) else ON_A_DATABASE
    run(lambda: QuotaMachine(store), examples)


@pytest.mark.hypothesis
@pytest.mark.timeout(300)
def test_overshoot_is_at_most_what_requests_cost_beyond_their_bounds() -> None:
    store = ModelStore()
    run(lambda: QuotaMachine(store, shares=(30, 100, 170, 400)), ON_THE_MODEL)


def run(machine: Callable[[], QuotaMachine], examples: settings) -> None:
    # The annotation asks for a class, the documentation for "a callable that returns an instance".
    run_state_machine_as_test(machine, settings=examples)  # pyright: ignore[reportArgumentType]
