"""Money: exact, rounded once, never below what a bound promised."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gwctl.pricing.bounds import upper_bound
from gwctl.pricing.price_book import default_price
from gwctl.pricing.prices import Price, PriceTier, ServiceTierPrice, cost
from gwctl.pricing.tokens import Tokens

TODAY = date(2026, 11, 21)
COUNTS = (
    "fresh",
    "cache_read",
    "creation_5m",
    "creation_1h",
    "audio_input",
    "text_output",
    "audio_output",
    "web_searches",
)

counts = st.integers(0, 2_000_000)
rates = st.integers(0, 10**12)
optional_rates = st.none() | rates


def tokens_of(count: dict[str, int]) -> Tokens:
    """Tokens from counts that do not overlap."""
    creation = count["creation_5m"] + count["creation_1h"]
    return Tokens(
        input_tokens=count["fresh"] + count["audio_input"] + count["cache_read"] + creation,
        cache_read_tokens=count["cache_read"],
        cache_creation_tokens=creation,
        cache_creation_1h_tokens=count["creation_1h"],
        audio_input_tokens=count["audio_input"],
        output_tokens=count["text_output"] + count["audio_output"],
        audio_output_tokens=count["audio_output"],
        web_searches=count["web_searches"],
    )


separate_counts = st.fixed_dictionaries(dict.fromkeys(COUNTS, counts))


@st.composite
def rate_sets(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "input": draw(rates),
        "output": draw(rates),
        **{
            name: draw(optional_rates)
            for name in ("cache_read", "cache_creation", "cache_creation_1h", "audio_input", "audio_output")
        },
        "web_search": draw(rates),
        "request": draw(rates),
    }


@st.composite
def flat_prices(draw: st.DrawFn) -> Price:
    return Price(**draw(rate_sets()), source="test")


@st.composite
def prices(draw: st.DrawFn) -> Price:
    starts = sorted(draw(st.sets(st.integers(0, 4_000_000), max_size=3)))
    return Price(
        **draw(rate_sets()),
        tiers=tuple(PriceTier(above_input_tokens=start, **draw(rate_sets())) for start in starts),
        service_tiers=tuple(
            ServiceTierPrice(name=name, **draw(rate_sets()))
            for name in draw(st.sets(st.sampled_from(["flex", "priority"])))
        ),
        source="test",
    )


def exact_nano_usd(price: Price, count: dict[str, int]) -> Fraction:
    """The same sum in fractions, from the rates of the tier that the whole input reaches."""
    tokens = tokens_of(count)
    at = price.model_dump()
    for tier in price.tiers:
        if tokens.input_tokens > tier.above_input_tokens:
            at = tier.model_dump()

    def rate(*names: str) -> int:
        return next(at[name] for name in names if at[name] is not None)

    return sum(
        (
            Fraction(amount * each, 10**6)
            for amount, each in (
                (count["fresh"], rate("input")),
                (count["audio_input"], rate("audio_input", "input")),
                (count["cache_read"], rate("cache_read", "input")),
                (count["creation_5m"], rate("cache_creation", "input")),
                (count["creation_1h"], rate("cache_creation_1h", "cache_creation", "input")),
                (count["text_output"], rate("output")),
                (count["audio_output"], rate("audio_output", "output")),
                (count["web_searches"], rate("web_search")),
                (1, rate("request")),
            )
        ),
        Fraction(0),
    )


@given(prices(), separate_counts)
def test_a_cost_is_the_exact_sum_rounded_half_up(price: Price, count: dict[str, int]):
    assert cost(price, tokens_of(count)) == floor(exact_nano_usd(price, count) + Fraction(1, 2))


@given(flat_prices(), separate_counts, separate_counts)
def test_costs_add_up_within_one_nano_dollar(price: Price, one: dict[str, int], other: dict[str, int]):
    flat = price.model_copy(update={"request": 0})
    both = {name: one[name] + other[name] for name in COUNTS}
    together = cost(flat, tokens_of(both))
    assert abs(together - cost(flat, tokens_of(one)) - cost(flat, tokens_of(other))) <= 1


@given(flat_prices(), separate_counts, st.sampled_from(COUNTS), st.integers(1, 1000))
def test_more_of_anything_never_costs_less(price: Price, count: dict[str, int], name: str, more: int):
    assert cost(price, tokens_of(count | {name: count[name] + more})) >= cost(price, tokens_of(count))


@given(prices(), separate_counts, counts, counts, st.sampled_from([None, "flex", "priority", "unheard-of"]))
def test_nothing_within_the_bound_costs_more_than_the_bound(
    price: Price, count: dict[str, int], spare_input: int, spare_output: int, asked: str | None
):
    tokens = tokens_of(count)
    bound = upper_bound(
        price,
        tokens.input_tokens + spare_input,
        tokens.output_tokens + spare_output,
        asked,
        web_searches=tokens.web_searches,
    )
    assert cost(price, tokens, asked) <= bound
    assert cost(price, tokens) <= bound


@pytest.mark.parametrize(
    ("input_tokens", "nano_usd"), [(1, 0), (2, 1), (3, 1), (4, 1), (5, 1), (6, 2), (100_000_000, 25_000_000)]
)
def test_half_a_nano_dollar_is_rounded_up(input_tokens: int, nano_usd: int):
    quarter = Price(input=250_000, output=0, source="test")
    assert cost(quarter, Tokens(input_tokens=input_tokens)) == nano_usd


def test_an_embedding_token_costs_twenty_nano_dollars():
    price = default_price("openai", "text-embedding-3-small", TODAY)
    assert price is not None
    assert cost(price, Tokens(input_tokens=1)) == 20


def test_tiers_must_ascend():
    with pytest.raises(ValidationError, match="tiers must ascend"):
        Price(
            input=1,
            output=1,
            source="test",
            tiers=tuple(PriceTier(above_input_tokens=start, input=1, output=1) for start in (200, 100)),
        )


def test_a_rate_is_never_negative():
    with pytest.raises(ValidationError):
        Price(input=-1, output=1, source="test")


@pytest.mark.parametrize(
    ("kind", "model", "book_id"),
    [
        ("openai", "gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"),
        ("anthropic", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
        ("azure-openai", "gpt-4o-mini", "azure/gpt-4o-mini"),
        (
            "bedrock",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        (
            "bedrock",
            "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws/global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("bedrock", "eu.amazon.nova-lite-v1:0", "aws/amazon.nova-lite-v1:0"),
        ("google", "models/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("vertex-ai", "google.gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("vertex-ai", "anthropic.claude-sonnet-4-5@20250929", "google/claude-sonnet-4-5"),
    ],
)
def test_a_providers_own_model_id_finds_its_price(kind: Any, model: str, book_id: str):
    price = default_price(kind, model, TODAY)
    assert price is not None
    assert price.source.endswith(f": {book_id}")


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("ollama", "llama3.2"),
        ("openai", "gpt-99"),
        ("openai", ""),
        ("azure-openai", "my-deployment"),
        ("azure-openai", "mai-ds-r1:free"),
        ("bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"),
        ("vertex-ai", "meta.llama-3.1-405b-instruct-maas"),
    ],
)
def test_what_the_book_does_not_know_has_no_price(kind: Any, model: str):
    assert default_price(kind, model, TODAY) is None


def test_the_price_is_that_of_the_day():
    before, after = (default_price("openai", "o3", day) for day in (date(2025, 6, 9), date(2025, 6, 10)))
    assert before is not None
    assert after is not None
    assert (before.input, after.input) == (10_000_000_000, 2_000_000_000)


def test_an_hour_in_claudes_cache_costs_twice_the_input_where_the_book_does_not_say():
    price = default_price("bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0", TODAY)
    assert price is not None
    assert price.cache_creation_1h == 2 * price.input


def test_a_model_that_draws_is_charged_as_if_it_drew_everything():
    price = default_price("google", "gemini-2.5-flash-image", TODAY)
    assert price is not None
    assert price.output == 30_000_000_000


def test_every_price_of_the_book_gives_the_same_cost_as_its_own_arithmetic():
    differing: list[str] = []
    compared = 0
    for kind, provider_id in (
        ("openai", "openai"),
        ("anthropic", "anthropic"),
        ("bedrock", "aws"),
        ("google", "google"),
    ):
        for model in next(each for each in get_snapshot().providers if each.id == provider_id).models:
            price = default_price(kind, model.id, TODAY)
            draws = "output_image_mtok" in vars(model.get_prices(datetime(2026, 11, 21, tzinfo=UTC)))
            if price is None or not price.source.endswith(f": {provider_id}/{model.id}") or draws:
                continue
            for tokens in (
                Tokens(input_tokens=1234, output_tokens=567),
                Tokens(input_tokens=90_001, cache_read_tokens=45_000, output_tokens=4000),
                Tokens(input_tokens=500_001, cache_read_tokens=400_000, cache_creation_tokens=3, output_tokens=1),
            ):
                exact = get_snapshot().calc(_as_book_usage(tokens), model.id, provider_id, None, None).total_price
                compared += 1
                if abs(cost(price, tokens) - exact * 10**9) > Decimal("0.5"):
                    differing.append(f"{provider_id}/{model.id} {tokens!r}: {cost(price, tokens)} {exact}")
    assert not differing
    assert compared > 500


def _as_book_usage(tokens: Tokens) -> Usage:
    return Usage(
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        cache_read_tokens=tokens.cache_read_tokens,
        cache_write_tokens=tokens.cache_creation_tokens,
    )
