"""Usage as FOCUS 1.2, the FinOps Open Cost and Usage Specification. In: usage events. Out: rows, CSV. Pure.

One row for each day, team, client, alias, target and price. Quantities are tokens. All four costs are what the gateway
charged by its price book: an invoice of the provider may say something else (`gwctl usage invoice` compares them).

Source: https://focus.finops.org/focus-specification/v1-2/. `OLD_NAMES` are columns of earlier versions that
focus-validator 1.0.0, which knows rules up to FOCUS 1.0, asks for by their old names.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.usage.dimensions import TeamTags, key_of, sums_of, tags_of
from gwctl.ledger.usage.sums import Counter
from gwctl.pricing import money

MANDATORY: Final = (
    *("BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd"),
    *("BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd"),
    *("ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity"),
    *("PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName"),
)
"""The columns that every FOCUS 1.2 dataset has."""

CONDITIONAL: Final = (
    *("BillingAccountType", "ChargeFrequency", "ConsumedQuantity", "ConsumedUnit", "ContractedUnitPrice"),
    *("InvoiceId", "ListUnitPrice", "PricingCategory", "RegionId", "RegionName", "ResourceId", "ResourceName"),
    *("ResourceType", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId"),
    *("SubAccountName", "SubAccountType", "Tags"),
    *("CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountStatus"),
    "CommitmentDiscountType",
)
"""Those that it has where the provider supports what they are about; an empty cell is null."""

OLD_NAMES: Final = {
    "ChargeType": "ChargeCategory",
    "InvoiceIssuer": "InvoiceIssuerName",
    "Provider": "ProviderName",
    "Publisher": "PublisherName",
    "ResourceID": "ResourceId",
}

UNPRICED: Final = "unpriced"
"""The price id of what has no price: charges of nothing, so that the usage is not lost."""

CUSTOM: Final[Mapping[str, Counter]] = {
    "x_CacheCreationTokens": "cache_creation_tokens",
    "x_CacheReadTokens": "cache_read_tokens",
    "x_CutRequests": "cut",
    "x_EstimatedRequests": "estimated",
    "x_InputTokens": "input_tokens",
    "x_OutputTokens": "output_tokens",
    "x_ReasoningTokens": "reasoning_tokens",
    "x_Requests": "requests",
    "x_UnpricedRequests": "unpriced",
}

COLUMNS: Final = (*sorted((*MANDATORY, *CONDITIONAL)), *OLD_NAMES, "x_Alias", *CUSTOM)

_SERVICES: Final = {
    "openai": ("OpenAI", "OpenAI API"),
    "anthropic": ("Anthropic", "Anthropic API"),
    "aws.bedrock": ("AWS", "Amazon Bedrock"),
    "gcp.gemini": ("Google Cloud", "Gemini API"),
    "gcp.vertex_ai": ("Google Cloud", "Vertex AI"),
    "azure.ai.openai": ("Microsoft", "Azure OpenAI"),
    "ollama": ("Ollama", "Ollama"),
}
"""OpenTelemetry's provider name → who bills, and what for."""

_MAKERS: Final = {"claude": "Anthropic", "llama": "Meta", "mistral": "Mistral AI", "titan": "AWS", "nova": "AWS"}
"""Word in a model's name → who made it, where that is not who bills it."""


@dataclass(frozen=True)
class Account:
    """Who pays: the billing account of the rows; names and tags of the teams of today, for events without their own."""

    id: str
    name: str
    team_names: Mapping[str, str]
    tags: TeamTags


def focus_rows(events: Iterable[UsageEvent], account: Account) -> list[dict[str, str]]:
    """The rows, by day, team, client and model. Requests that used nothing are no charge and no row."""
    charged = [event for event in events if event.cost_nano_usd or event.input_tokens or event.output_tokens]
    sums = sums_of(charged, lambda event: _key(event, account))
    return [_row(key, counts, account) for key, counts in sorted(sums.items())]


def as_csv(rows: Iterable[Mapping[str, str]]) -> str:
    """CSV with all columns, also when there is no row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _key(event: UsageEvent, account: Account) -> tuple[str, ...]:
    plain = key_of(event, ("day", "team", "client", "model"), {})
    served = (event.provider_name, event.provider, event.target_model, event.price_source, event.service_tier)
    name = event.team_name or account.team_names.get(event.team or "", "")
    tags = json.dumps(dict(tags_of(event, account.tags)), sort_keys=True)
    return (*plain, *(each or "" for each in served), name, tags)


def _row(key: tuple[str, ...], counts: Mapping[Counter, int], account: Account) -> dict[str, str]:
    day, team, client, alias, kind, provider, model, price, tier, name, tags_then = key
    biller, service = _SERVICES.get(kind, (kind or "unknown", provider or kind or "unknown"))
    maker = next((name for word, name in _MAKERS.items() if word in model.lower()), biller)
    begin = date.fromisoformat(day)
    month = begin.replace(day=1)
    cost = _decimal(money.plain(counts["cost_nano_usd"]))
    tokens = counts["input_tokens"] + counts["output_tokens"]
    quantity, unit = (tokens, "Tokens") if tokens else (counts["requests"], "Requests")
    tags = {**json.loads(tags_then), "gateway/client": client, "gateway/model": alias, "gateway/team": team}
    row = dict.fromkeys(COLUMNS, "")
    row |= dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), cost)
    row |= {
        "BillingAccountId": account.id,
        "BillingAccountName": account.name,
        "BillingAccountType": "Gateway",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": _moment((month + timedelta(days=31)).replace(day=1)),
        "BillingPeriodStart": _moment(month),
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{alias} served by {provider}/{model}: {counts['requests']} requests, {tokens} tokens",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": _moment(begin + timedelta(days=1)),
        "ChargePeriodStart": _moment(begin),
        "ConsumedQuantity": _decimal(str(quantity)),
        "ConsumedUnit": unit,
        "InvoiceIssuerName": biller,
        "PricingCategory": "Standard",
        "PricingQuantity": _decimal(str(quantity)),
        "PricingUnit": unit,
        "ProviderName": biller,
        "PublisherName": maker,
        "ResourceId": client,
        "ResourceName": client,
        "ResourceType": "Client",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": service,
        "ServiceSubcategory": "Generative AI",
        "SkuId": f"{kind}/{model}",
        "SkuMeter": unit,
        "SkuPriceDetails": json.dumps({"x_ServiceTier": tier}) if tier else "",
        "SkuPriceId": price or UNPRICED,
        "SubAccountId": team,
        "SubAccountName": name or team,
        "SubAccountType": "Team",
        "Tags": json.dumps(tags, sort_keys=True),
        "x_Alias": alias,
    }
    row |= {old: row[new] for old, new in OLD_NAMES.items()}
    return row | {column: str(counts[counter]) for column, counter in CUSTOM.items()}


def _decimal(number: str) -> str:
    """A decimal also where a column has whole numbers only: a validator tells types by what it sees."""
    return number if "." in number else f"{number}.0"


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
