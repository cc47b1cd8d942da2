"""Bounds: nothing that a request may use or cost is more than what was reserved for it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.agent.reserve.bounds import ADDED_INPUT_TOKENS, IMAGE_TOKENS, Bounds, UnknownVariantError
from gwctl.agent.reserve.call import ReserveCall
from gwctl.policy.snapshot import Snapshot
from gwctl.pricing.bounds import upper_bound
from gwctl.pricing.model_limits import DEFAULT_ANSWER_TOKENS, DEFAULT_CONTEXT_TOKENS
from gwctl.pricing.prices import MILLION, Price, PriceTier, ServiceTierPrice, cost
from gwctl.pricing.tokens import Tokens
from metering.recorded import Case, cases
from support.session.profile import examples
from unit.policy.examples import compiled

MODELS = [
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-5.5"),
    ("anthropic", "claude-sonnet-4-5"),
    ("google", "gemini-2.5-pro"),
    ("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
]


def routed(*targets: dict[str, Any]) -> Snapshot:
    return compiled(
        providers=[
            {"id": "openai", "kind": "openai"},
            {"id": "anthropic", "kind": "anthropic"},
            {"id": "google", "kind": "google"},
            {"id": "bedrock", "kind": "bedrock", "region": "eu-central-1"},
            {"id": "ollama", "kind": "ollama", "base_url": "http://127.0.0.1:1"},
        ],
        routes=[{"id": "fast", "targets": list(targets)}],
        teams=[{"id": "search"}],
        clients=[],
        budgets=[],
        pricing=[],
    )


def call(snapshot: Snapshot, api: str = "chat", **fields: Any) -> ReserveCall:
    variant = next(name for name, each in snapshot.variants.items() if api in each.apis)
    standard: dict[str, Any] = {
        "id": "r",
        "client": "c",
        "team": "search",
        "model": "fast",
        "api": api,
        "variant": variant,
        "policy": snapshot.label,
        "stream": False,
        "bytes": 1000,
        "cap": None,
        "n": 1,
        "tier": None,
        "outside": False,
        "images": 0,
        "shape": "openai",
    }
    return ReserveCall(**(standard | fields))


def bound(snapshot: Snapshot, **fields: Any) -> dict[str, int]:
    return {str(unit): amount for unit, amount in Bounds(lambda _: snapshot).of(call(snapshot, **fields)).items()}


MINI = routed({"provider": "openai", "model": "gpt-4o-mini"})


def test_the_body_bounds_the_input_and_the_cap_the_output() -> None:
    tokens = bound(MINI, cap=500)["tokens"]
    assert tokens == 1000 + ADDED_INPUT_TOKENS + 500


def test_without_a_cap_the_models_largest_answer_counts() -> None:
    assert bound(MINI)["tokens"] == 1000 + ADDED_INPUT_TOKENS + 16_384


def test_an_unknown_model_may_write_a_large_answer() -> None:
    snapshot = routed({"provider": "openai", "model": "house-model"})
    assert bound(snapshot)["tokens"] == 1000 + ADDED_INPUT_TOKENS + DEFAULT_ANSWER_TOKENS


def test_what_the_route_declares_replaces_the_table_and_limits_the_cap() -> None:
    snapshot = routed({"provider": "openai", "model": "gpt-4o-mini", "max_output_tokens": 50})
    assert {bound(snapshot, cap=cap)["tokens"] for cap in (None, 10**9)} == {1000 + ADDED_INPUT_TOKENS + 50}


def test_every_choice_has_the_full_length() -> None:
    assert bound(MINI, cap=500, n=3)["tokens"] == 1000 + ADDED_INPUT_TOKENS + 1500


def test_a_small_image_may_be_many_tokens() -> None:
    assert bound(MINI, images=2)["tokens"] - bound(MINI)["tokens"] == 2 * IMAGE_TOKENS


def test_what_lies_outside_the_body_is_as_large_as_the_context_window() -> None:
    known, unknown = MINI, routed({"provider": "openai", "model": "house-model"})
    assert bound(known, outside=True)["tokens"] - bound(known)["tokens"] == 128_000
    assert bound(unknown, outside=True)["tokens"] - bound(unknown)["tokens"] == DEFAULT_CONTEXT_TOKENS


def test_embeddings_write_nothing() -> None:
    snapshot = routed({"provider": "openai", "model": "text-embedding-3-small"})
    assert bound(snapshot, api="embeddings")["tokens"] == 1000


def test_counting_tokens_costs_nothing() -> None:
    snapshot = routed({"provider": "anthropic", "model": "claude-sonnet-4-5"})
    assert bound(snapshot, api="count_tokens") == {"nano_usd": 0, "tokens": 0, "requests": 1}


def test_the_dearest_target_sets_the_price() -> None:
    both = routed({"provider": "openai", "model": "gpt-4o-mini"}, {"provider": "openai", "model": "gpt-4o"})
    dear = routed({"provider": "openai", "model": "gpt-4o"})
    assert bound(both, cap=10)["nano_usd"] == bound(dear, cap=10)["nano_usd"]


def test_a_target_without_a_price_adds_no_money() -> None:
    snapshot = routed({"provider": "ollama", "model": "llama"})
    assert bound(snapshot)["nano_usd"] == 0


def test_absurd_counts_stay_within_what_the_ledger_takes() -> None:
    assert bound(MINI, bytes=1 << 40, cap=1 << 40, n=1 << 40)["nano_usd"] <= 10**21


def test_an_unknown_policy_has_no_bounds() -> None:
    with pytest.raises(UnknownVariantError):
        Bounds(lambda _: None).of(call(MINI))


@st.composite
def usages(draw: st.DrawFn, given_tokens: int, written: int, searches: int) -> Tokens:
    """Tokens within the bounds, split in any way."""
    input_tokens = draw(st.integers(0, given_tokens))
    read = draw(st.integers(0, input_tokens))
    created = draw(st.integers(0, input_tokens - read))
    output = draw(st.integers(0, written))
    return Tokens(
        input_tokens=input_tokens,
        output_tokens=output,
        cache_read_tokens=read,
        cache_creation_tokens=created,
        cache_creation_1h_tokens=draw(st.integers(0, created)),
        audio_input_tokens=draw(st.integers(0, input_tokens)),
        audio_output_tokens=draw(st.integers(0, output)),
        web_searches=draw(st.integers(0, searches)),
    )


@given(st.data())
@settings(max_examples=examples(100))
def test_no_usage_within_the_bounds_costs_more_than_the_bound(data: st.DataObject) -> None:
    kind, model = data.draw(st.sampled_from(MODELS))
    snapshot = routed({"provider": kind, "model": model})
    outside = data.draw(st.booleans())
    size, cap, n = data.draw(st.integers(0, 10**6)), data.draw(st.integers(0, 10**5)), data.draw(st.integers(1, 4))
    tier = data.draw(st.sampled_from([None, "priority", "flex", "fast", "unknown"]))
    bounds = bound(snapshot, bytes=size, cap=cap, n=n, tier=tier, outside=outside)
    price = snapshot.prices[f"{kind}/{model}"]
    usage = data.draw(usages(bounds["tokens"] - cap * n, cap * n, 100 if outside else 0))
    served_in = data.draw(st.sampled_from([None, tier]))
    assert cost(price, usage, served_in) <= bounds["nano_usd"]


RATES = st.integers(0, 10**12)


@given(
    st.builds(
        Price,
        input=RATES,
        output=RATES,
        cache_read=st.none() | RATES,
        audio_output=st.none() | RATES,
        request=RATES,
        tiers=st.lists(st.integers(0, 10**6), max_size=3, unique=True).map(
            lambda starts: tuple(PriceTier(above_input_tokens=at, input=at, output=10**9 - at) for at in sorted(starts))
        ),
        service_tiers=st.tuples(st.builds(ServiceTierPrice, name=st.just("fast"), input=RATES, output=RATES)),
        source=st.just("test"),
    ),
    st.integers(0, 2 * 10**6),
    st.integers(0, 10**6),
    st.sampled_from([None, "fast"]),
)
def test_the_upper_bound_covers_every_tier_that_a_smaller_input_can_meet(
    price: Price, given_tokens: int, written: int, tier: str | None
) -> None:
    most = upper_bound(price, given_tokens, written, tier)
    sizes = {0, given_tokens, *(min(each.above_input_tokens + 1, given_tokens) for each in price.tiers)}
    for size in sizes:
        assert cost(price, Tokens(input_tokens=size, output_tokens=written), tier) <= most
    assert most >= written * price.output // MILLION


PROVIDERS: dict[str, dict[str, Any]] = {
    "bedrock": {"region": "eu-central-1"},
    "vertex-ai": {"region": "europe-west1", "project": "gateway"},
    "azure-openai": {"azure_resource": "gateway"},
    "ollama": {"base_url": "http://127.0.0.1:1"},
}


@pytest.mark.parametrize("case", [case for case in cases() if case.price], ids=lambda case: case.id)
def test_no_recorded_answer_costs_more_than_its_bound(case: Case) -> None:
    snapshot = compiled(
        providers=[{"id": "p", "kind": case.kind, **PROVIDERS.get(case.kind, {})}],
        routes=[{"id": "fast", "targets": [{"provider": "p", "model": case.model}]}],
        teams=[{"id": "search"}],
        clients=[],
        budgets=[],
        pricing=[],
    )
    most = {name: value[1] if isinstance(value, list) else value for name, value in case.expect.items()}
    caps = [
        case.request[name]
        for name in ("max_tokens", "max_completion_tokens", "max_output_tokens")
        if name in case.request
    ]
    bounds = bound(
        snapshot,
        api=case.api,
        # The table's requests are shortened: as long as its tokens they were in any case.
        bytes=max(len(json.dumps(case.request)), most.get("input", 0)),
        cap=max([*caps, most.get("output", 0)]) if caps else None,
        n=case.request.get("n", 1),
        tier="fast" if case.request.get("speed") == "fast" else case.request.get("service_tier"),
        outside="web_searches" in most,
    )
    assert (most["cost_nano_usd"] or 0) <= bounds["nano_usd"]
    assert most.get("input", 0) + most.get("output", 0) <= bounds["tokens"]


@pytest.mark.parametrize("unit", ["nano_usd", "tokens"])
@given(cap=st.one_of(st.none(), st.integers(1, 100_000)), amount=st.integers(0, 10**9))
def test_the_largest_cap_fits_and_the_next_one_does_not(unit: Any, cap: int | None, amount: int):
    snapshot = routed({"provider": "openai", "model": "gpt-4o-mini"}, {"provider": "openai", "model": "gpt-5.5"})
    bounds = Bounds(lambda label: snapshot if label == snapshot.label else None)
    asked = call(snapshot, cap=cap)
    fits = bounds.largest_cap(asked, unit, amount)
    if fits is None:
        assert bounds.of(asked._replace(cap=1))[unit] > amount
        return
    assert bounds.of(asked._replace(cap=fits))[unit] <= amount
    assert fits in (cap, 1_000_000_000) or bounds.of(asked._replace(cap=fits + 1))[unit] > amount


def test_a_cap_is_of_no_use_where_requests_are_counted():
    snapshot = routed({"provider": "openai", "model": "gpt-4o-mini"})
    assert (
        Bounds(lambda label: snapshot if label == snapshot.label else None).largest_cap(call(snapshot), "requests", 1)
        is None
    )
