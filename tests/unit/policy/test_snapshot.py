"""A snapshot as JSON: its hash, and what a reader refuses."""

import json

import pytest

from gwctl.policy.documents import CircuitBreaker
from gwctl.policy.snapshot import Snapshot, SnapshotError
from unit.policy.examples import compiled


def test_the_hash_depends_on_the_content_and_not_on_the_version():
    assert compiled(version=1).content_hash == compiled(version=2).content_hash
    assert compiled().content_hash != compiled(budgets=[]).content_hash


def test_a_changed_snapshot_is_refused_by_its_hash():
    content = json.loads(compiled().to_json())
    content["clients"]["search-api"]["team"] = "platform"
    with pytest.raises(SnapshotError, match="content hash"):
        Snapshot.from_json(json.dumps(content).encode())


def test_a_truncated_snapshot_is_refused():
    with pytest.raises(SnapshotError, match="policy snapshot"):
        Snapshot.from_json(compiled().to_json()[:-40])


ROUTE = {"id": "r", "targets": [{"provider": "openai", "model": name} for name in "ab"]}


def test_a_routes_circuit_breaker_is_with_its_variants():
    snapshot = compiled(
        routes=[{**ROUTE, "circuit_breaker": {"failures": 2}}], budgets=[], teams=[{"id": "t"}], clients=[]
    )

    found = [each.circuit_breaker for each in snapshot.variants.values()]
    assert found == [CircuitBreaker(failures=2)] * len(found)
    assert found
    assert Snapshot.from_json(snapshot.to_json()) == snapshot


def test_without_one_the_snapshot_is_what_it_was_before_there_were_any():
    snapshot = compiled(routes=[ROUTE], budgets=[], teams=[{"id": "t"}], clients=[])

    assert b"circuit_breaker" not in snapshot.to_json()
    assert Snapshot.from_json(snapshot.to_json()) == snapshot
