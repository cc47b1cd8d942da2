"""The table is right in itself: sums follow from tokens and rates, and rates are the price book's."""

from fractions import Fraction
from math import floor

import pytest

from gwctl.pricing.price_book import default_price
from metering.recorded import TOKEN_FIELDS, Case, cases, cost_by_hand

PRICED = [case for case in cases() if case.price is not None]


@pytest.mark.parametrize("case", PRICED, ids=lambda case: case.id)
def test_the_cost_follows_from_tokens_and_rates(case: Case):
    assert case.price is not None
    expected = case.expect["cost_nano_usd"]
    for at in range(2):
        tokens = {
            name: value[at] if isinstance(value, list) else value
            for name, value in case.expect.items()
            if name in TOKEN_FIELDS
        }
        nano_usd = floor(cost_by_hand(case.price, tokens) + Fraction(1, 2)) if case.api != "count_tokens" else 0
        assert nano_usd == (expected[at] if isinstance(expected, list) else expected)


@pytest.mark.parametrize("case", PRICED, ids=lambda case: case.id)
def test_the_rates_are_the_price_books(case: Case):
    assert case.price is not None
    price = default_price(case.kind, case.model, case.price["day"])  # pyright: ignore[reportArgumentType]
    assert price is not None
    rates = price
    if tier := case.price.get("service_tier"):
        rates = next(each for each in price.service_tiers if each.name == tier)
    if above := case.price.get("above_input_tokens"):
        rates = next(each for each in rates.tiers if each.above_input_tokens == above)
    assert case.price["source"].startswith(price.source)
    for name, usd in case.price["usd_per_million"].items():
        assert getattr(rates, name) == Fraction(str(usd)) * 10**9, name


@pytest.mark.parametrize("case", [case for case in cases() if case.price is None], ids=lambda case: case.id)
def test_a_model_without_a_price_in_the_table_has_none_in_the_book(case: Case):
    from datetime import date

    assert default_price(case.kind, case.model, date(2026, 11, 21)) is None  # pyright: ignore[reportArgumentType]


def test_every_row_has_a_name_of_its_own():
    assert len({case.id for case in cases()}) == len(cases())


def test_every_row_expects_the_fields_that_there_are():
    known = {*TOKEN_FIELDS, "outcome", "estimated", "cost_nano_usd"}
    assert {name for case in cases() for name in case.expect} <= known
