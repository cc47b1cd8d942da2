"""Prices and the arithmetic of money. In: tokens and a price. Out: integer nano-dollars.

A rate is an integer: nano-dollars per million units, so $0.15 per million tokens is 150_000_000. A cost is the exact
sum of counts times rates, divided by a million and rounded once, half up.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gwctl.pricing.tokens import Tokens

MILLION: Final = 1_000_000
NANO_PER_USD: Final = 1_000_000_000

Rate = Annotated[int, Field(ge=0, le=10**18)]


class Rates(BaseModel):
    """What each kind of unit costs, in nano-dollars per million. A rate that is None falls back to another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Rate
    output: Rate
    cache_read: Rate | None = Field(default=None, description="Input read from a cache. Default: input")
    cache_creation: Rate | None = Field(default=None, description="Input written to a cache. Default: input")
    cache_creation_1h: Rate | None = Field(default=None, description="Kept for an hour. Default: cache_creation")
    audio_input: Rate | None = Field(default=None, description="Audio that no cache served. Default: input")
    audio_output: Rate | None = Field(default=None, description="Default: output")
    web_search: Rate = Field(default=0, description="For a million searches that the provider ran")
    request: Rate = Field(default=0, description="For a million requests")


class PriceTier(Rates):
    """The rates of every token of a request whose input is larger than `above_input_tokens`."""

    above_input_tokens: int = Field(ge=0)


class TieredRates(Rates):
    """Rates, and those that replace them when the input is large."""

    tiers: tuple[PriceTier, ...] = ()

    @model_validator(mode="after")
    def _tiers_ascend(self) -> Self:
        starts = [tier.above_input_tokens for tier in self.tiers]
        if any(low >= high for low, high in pairwise(starts)):
            raise ValueError("tiers must ascend by above_input_tokens, each once")
        return self


class ServiceTierPrice(TieredRates):
    """The rates when the answer says that it was served in this service tier (`priority`, `flex`, `fast`)."""

    name: str


class Price(TieredRates):
    """What a model costs. `source` says where the numbers come from."""

    service_tiers: tuple[ServiceTierPrice, ...] = ()
    source: str


def cost(price: Price, tokens: Tokens, service_tier: str | None = None) -> int:
    """The cost of one served request, in nano-dollars.

    Cached tokens count as cached whether they are text or audio: no wire shape says how the two overlap.
    """
    rates = _at(in_service_tier(price, service_tier), tokens.input_tokens)
    fresh = tokens.input_tokens - tokens.cache_read_tokens - tokens.cache_creation_tokens
    fresh_audio = min(tokens.audio_input_tokens, fresh)
    creation = first(rates.cache_creation, rates.input)
    total = (
        (fresh - fresh_audio) * rates.input
        + fresh_audio * first(rates.audio_input, rates.input)
        + tokens.cache_read_tokens * first(rates.cache_read, rates.input)
        + (tokens.cache_creation_tokens - tokens.cache_creation_1h_tokens) * creation
        + tokens.cache_creation_1h_tokens * first(rates.cache_creation_1h, creation)
        + (tokens.output_tokens - tokens.audio_output_tokens) * rates.output
        + tokens.audio_output_tokens * first(rates.audio_output, rates.output)
        + tokens.web_searches * rates.web_search
        + rates.request
    )
    return (total + MILLION // 2) // MILLION


def first(rate: int | None, otherwise: int) -> int:
    """The rate, or another where there is none."""
    return otherwise if rate is None else rate


def in_service_tier(price: Price, name: str | None) -> TieredRates:
    """The rates of a service tier; the standard ones for a name that the price does not have."""
    if name is None:
        return price
    return next((tier for tier in price.service_tiers if tier.name == name), price)


def _at(tiered: TieredRates, input_tokens: int) -> Rates:
    return tiered if not tiered.tiers else list(reachable(tiered, input_tokens))[-1]


def reachable(tiered: TieredRates, input_tokens: int) -> Iterator[Rates]:
    """The rates that an input of at most this size can meet, the last of them at exactly this size."""
    yield tiered
    for tier in tiered.tiers:
        if input_tokens > tier.above_input_tokens:
            yield tier
