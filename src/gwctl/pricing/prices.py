"""Prices and the arithmetic of money. In: tokens and a price. Out: integer nano-dollars.

A rate is an integer: nano-dollars per million units, so $0.15 per million tokens is 150_000_000. A cost is the exact
sum of counts times rates, divided by a million and rounded once, half up.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, Self
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gwctl.core.names import ProviderKind
from gwctl.pricing.tokens import Tokens

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice
    from genai_prices.types import Provider as PriceProvider

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
    rates = _at(_in_service_tier(price, service_tier), tokens.input_tokens)
    fresh = tokens.input_tokens - tokens.cache_read_tokens - tokens.cache_creation_tokens
    fresh_audio = min(tokens.audio_input_tokens, fresh)
    creation = _first(rates.cache_creation, rates.input)
    total = (
        (fresh - fresh_audio) * rates.input
        + fresh_audio * _first(rates.audio_input, rates.input)
        + tokens.cache_read_tokens * _first(rates.cache_read, rates.input)
        + (tokens.cache_creation_tokens - tokens.cache_creation_1h_tokens) * creation
        + tokens.cache_creation_1h_tokens * _first(rates.cache_creation_1h, creation)
        + (tokens.output_tokens - tokens.audio_output_tokens) * rates.output
        + tokens.audio_output_tokens * _first(rates.audio_output, rates.output)
        + tokens.web_searches * rates.web_search
        + rates.request
    )
    return (total + MILLION // 2) // MILLION


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
        total = input_tokens * self.input + output_tokens * self.output + web_searches * self.web_search + self.request
        return -(-total // MILLION)


def dearest_rates(price: Price, service_tier: str | None = None) -> tuple[DearestRates, ...]:
    """What bounds a request's cost: one entry for each size of input from which on it may get dearer, ascending.

    `service_tier` is the one that the request asks for: what it asks for and the standard one are both covered,
    because a provider may serve a request in the standard tier all the same.
    """
    tiered = (price, _in_service_tier(price, service_tier))
    starts = sorted({-1, *(tier.above_input_tokens for each in tiered for tier in each.tiers)})
    return tuple(
        _dearest(start, [rates for each in tiered for rates in _reachable(each, start + 1)]) for start in starts
    )


def upper_bound(
    price: Price, input_tokens: int, output_tokens: int, service_tier: str | None = None, web_searches: int = 0
) -> int:
    """No request within these counts costs more, in nano-dollars, however its tokens split. See `dearest_rates`."""
    return bound_of(dearest_rates(price, service_tier), input_tokens, output_tokens, web_searches)


def bound_of(steps: Sequence[DearestRates], input_tokens: int, output_tokens: int, web_searches: int = 0) -> int:
    """`upper_bound` at rates that `dearest_rates` gave."""
    met = steps[0]
    for step in steps:
        if input_tokens > step.above_input_tokens:
            met = step
    return met.bound(input_tokens, output_tokens, web_searches)


def _dearest(above: int, met: Sequence[Rates]) -> DearestRates:
    return DearestRates(
        above_input_tokens=above,
        input=max(rate for rates in met for rate in _input_rates(rates)),
        output=max(max(rates.output, _first(rates.audio_output, 0)) for rates in met),
        web_search=max(rates.web_search for rates in met),
        request=max(rates.request for rates in met),
    )


def _first(rate: int | None, otherwise: int) -> int:
    return otherwise if rate is None else rate


def _input_rates(rates: Rates) -> Iterable[int]:
    named = (
        rates.input,
        rates.cache_read,
        rates.cache_creation,
        rates.cache_creation_1h,
        rates.audio_input,
    )
    return [rate for rate in named if rate is not None]


def _in_service_tier(price: Price, name: str | None) -> TieredRates:
    if name is None:
        return price
    return next((tier for tier in price.service_tiers if tier.name == name), price)


def _at(tiered: TieredRates, input_tokens: int) -> Rates:
    return tiered if not tiered.tiers else list(_reachable(tiered, input_tokens))[-1]


def _reachable(tiered: TieredRates, input_tokens: int) -> Iterator[Rates]:
    """The rates that an input of at most this size can meet, the last of them at exactly this size."""
    yield tiered
    for tier in tiered.tiers:
        if input_tokens > tier.above_input_tokens:
            yield tier


_BOOK: Final[dict[ProviderKind, str]] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "bedrock": "aws",
    "google": "google",
    "vertex-ai": "google",
    "azure-openai": "azure",
}


@lru_cache(maxsize=4096)
def default_price(provider_kind: ProviderKind, model: str, on: date) -> Price | None:
    """The price book's price of a model on a day (UTC), or None when the book does not know it.

    The book is the data in the genai-prices package, as installed; nothing is fetched. It knows list prices of
    standard processing. It does not know premiums for regional endpoints of Azure and Vertex AI, or for a chosen
    inference region of Anthropic: state those as overrides. Models that one runs oneself (ollama) have no price.

    `model` is the provider's own id. Bedrock's cross-region prefixes (`us.`, `global.`) choose the price; of an ARN
    the part after the last slash counts. A tier applies to all tokens of the request once the whole input is larger
    than its start, as genai-prices' `TieredPrices` documents.
    """
    entry = _in_book(provider_kind, model)
    if entry is None:
        return None
    from genai_prices import __version__ as version

    provider, found = entry
    moment = datetime.combine(on, time.min, UTC)
    standard = found.get_prices(moment)
    if standard.input_mtok is None:
        return None
    own = any(found is each for each in provider.models)
    special = {name: found.get_prices(moment, {key: name}) for key, name in _service_tiers(found)} if own else {}
    return Price(
        **_tiered(standard, found).model_dump(),
        service_tiers=tuple(
            ServiceTierPrice(name=name, **_tiered(prices, found).model_dump())
            for name, prices in sorted(special.items())
            if prices != standard
        ),
        source=f"genai-prices {version}: {provider.id}/{found.id}",
    )


@lru_cache(maxsize=4096)
def context_window(provider_kind: ProviderKind, model: str) -> int | None:
    """How many tokens the model can read and write at once, if the price book knows it."""
    entry = _in_book(provider_kind, model)
    return entry[1].context_window if entry else None


def _in_book(provider_kind: ProviderKind, model: str) -> "tuple[PriceProvider, ModelInfo] | None":
    if provider_kind not in _BOOK:
        return None
    # 0.15 s of import: paid by whoever needs a price, not by every command.
    from genai_prices.data_snapshot import get_snapshot

    try:
        return get_snapshot().find_provider_model(_book_name(provider_kind, model), None, _BOOK[provider_kind], None)
    except LookupError:
        return None


def _book_name(provider_kind: ProviderKind, model: str) -> str:
    name = unquote(model)
    if provider_kind == "bedrock" or provider_kind == "google" or provider_kind == "vertex-ai":
        name = name.rsplit("/", 1)[-1]
    if provider_kind == "vertex-ai":
        # Portkey's Vertex AI models carry their publisher: `anthropic.claude-…`, `google.gemini-…`.
        name = name.removeprefix("anthropic.").removeprefix("google.")
    return name


def _service_tiers(model: "ModelInfo") -> set[tuple[str, str]]:
    """(`service_tier` or `speed`, its name): the variants of which an answer says that they were used."""
    conditions = [variant.when for variant in model.price_variants or ()]
    return {
        (key, name)
        for condition in conditions
        for key, name in condition.items()
        if len(condition) == 1 and key in {"service_tier", "speed"} and name != "default"
    }


def _tiered(prices: "ModelPrice", model: "ModelInfo") -> TieredRates:
    from genai_prices.types import TieredPrices

    starts = sorted(
        {tier.start for each in vars(prices).values() if isinstance(each, TieredPrices) for tier in each.tiers}
    )
    tiers = tuple(PriceTier(above_input_tokens=start, **_rates(prices, model, start).model_dump()) for start in starts)
    return TieredRates(**_rates(prices, model, None).model_dump(), tiers=tiers)


def _rates(prices: "ModelPrice", model: "ModelInfo", start: int | None) -> Rates:
    """The rates in the tier that begins at `start`, or below the first one."""

    def rate(name: str, per: int = 1) -> int | None:
        price = _in_tier(getattr(prices, name), start)
        return None if price is None else int((price * NANO_PER_USD * per).to_integral_value(ROUND_HALF_UP))

    input_rate = rate("input_mtok") or 0
    creation = rate("cache_write_mtok")
    creation_1h = rate("cache_write_1h_mtok")
    if creation is not None and creation_1h is None and "claude" in model.id:
        # "1-hour cache write tokens are 2 times the base input tokens price": Anthropic's prompt caching
        # documentation, on pricing. Where the book lacks the rate, this is it.
        creation_1h = 2 * input_rate
    # No wire shape tells image output from text output; a model that draws is charged as if it drew everything.
    output = max(rate("output_mtok") or 0, rate("output_image_mtok") or 0)
    return Rates(
        input=input_rate,
        output=output,
        cache_read=rate("cache_read_mtok"),
        cache_creation=creation,
        cache_creation_1h=creation_1h,
        audio_input=rate("input_audio_mtok"),
        audio_output=rate("output_audio_mtok"),
        web_search=rate("web_searches_kcount", per=1000) or 0,
        request=rate("requests_kcount", per=1000) or 0,
    )


def _in_tier(price: object, start: int | None) -> Decimal | None:
    from genai_prices.types import TieredPrices

    if isinstance(price, TieredPrices):
        reached = [tier.price for tier in price.tiers if start is not None and tier.start <= start]
        return reached[-1] if reached else price.base
    return price if isinstance(price, Decimal) else None
