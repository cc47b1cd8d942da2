"""The price book: list prices, from the package genai-prices. In: a provider's kind and a model. Out: a price."""

from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from gwctl.core.names import ProviderKind
from gwctl.pricing.prices import NANO_PER_USD, Price, PriceTier, Rates, ServiceTierPrice, TieredRates

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice
    from genai_prices.types import Provider as PriceProvider

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
