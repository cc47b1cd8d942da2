"""What a request can cost at most. In: a price and upper bounds of its tokens. Out: nano-dollars, never too few."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gwctl.pricing.prices import MILLION, Price, Rates, first, in_service_tier, reachable


class DearestRates(NamedTuple):
    """The dearest rate of each kind that a request can meet once its input is larger than `above_input_tokens`.

    In nano-dollars per million, like `Rates`.
    """

    above_input_tokens: int
    input: int
    output: int
    web_search: int
    request: int

    def bound(self, input_tokens: int, output_tokens: int, web_searches: int = 0) -> int:
        """The most that so much can cost, in nano-dollars."""
        return -(-(self._fixed(input_tokens, web_searches) + output_tokens * self.output) // MILLION)

    def output_within(self, amount: int, input_tokens: int, web_searches: int = 0) -> int | None:
        """The most output tokens whose `bound` is within `amount`; negative: none; None: any number of them."""
        left = amount * MILLION - self._fixed(input_tokens, web_searches)
        if left < 0:
            return -1
        return left // self.output if self.output else None

    def _fixed(self, input_tokens: int, web_searches: int) -> int:
        return input_tokens * self.input + web_searches * self.web_search + self.request


def dearest_rates(price: Price, service_tier: str | None = None) -> tuple[DearestRates, ...]:
    """What bounds a request's cost: one entry for each size of input from which on it may get dearer, ascending.

    `service_tier` is the one that the request asks for: what it asks for and the standard one are both covered,
    because a provider may serve a request in the standard tier all the same.
    """
    tiered = (price, in_service_tier(price, service_tier))
    starts = sorted({-1, *(tier.above_input_tokens for each in tiered for tier in each.tiers)})
    return tuple(
        _dearest(start, [rates for each in tiered for rates in reachable(each, start + 1)]) for start in starts
    )


def upper_bound(
    price: Price, input_tokens: int, output_tokens: int, service_tier: str | None = None, web_searches: int = 0
) -> int:
    """No request within these counts costs more, in nano-dollars, however its tokens split. See `dearest_rates`."""
    return bound_of(dearest_rates(price, service_tier), input_tokens, output_tokens, web_searches)


def bound_of(steps: Sequence[DearestRates], input_tokens: int, output_tokens: int, web_searches: int = 0) -> int:
    """`upper_bound` at rates that `dearest_rates` gave."""
    return met_by(steps, input_tokens).bound(input_tokens, output_tokens, web_searches)


def met_by(steps: Sequence[DearestRates], input_tokens: int) -> DearestRates:
    """The rates that an input of this size meets."""
    met = steps[0]
    for step in steps:
        if input_tokens > step.above_input_tokens:
            met = step
    return met


def _dearest(above: int, met: Sequence[Rates]) -> DearestRates:
    return DearestRates(
        above_input_tokens=above,
        input=max(rate for rates in met for rate in _input_rates(rates)),
        output=max(max(rates.output, first(rates.audio_output, 0)) for rates in met),
        web_search=max(rates.web_search for rates in met),
        request=max(rates.request for rates in met),
    )


def _input_rates(rates: Rates) -> Iterable[int]:
    named = (
        rates.input,
        rates.cache_read,
        rates.cache_creation,
        rates.cache_creation_1h,
        rates.audio_input,
    )
    return [rate for rate in named if rate is not None]
