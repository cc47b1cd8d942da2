"""A provider's invoice against what the gateway charged. In: rows of a CSV file, usage events. Out: every difference.

The CSV has a header. Columns are found by what they are usually called: a date (or none: the whole period), a model, a
cost in dollars, and token counts where there are any. Pure.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from gwctl.core.errors import UserError
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.usage.dimensions import key_of
from gwctl.ledger.usage.periods import Period
from gwctl.pricing.prices import NANO_PER_USD

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "day": (
        "date",
        "day",
        "usage_date",
        "start_date",
        "usage_date_utc",
        "charge_period_start",
        "line_item_usage_start_date",
    ),
    "model": (
        "model",
        "model_version",
        "snapshot_id",
        "sku",
        "sku_description",
        "product",
        "line_item_usage_type",
        "sku_id",
    ),
    "cost": (
        "cost",
        "cost_usd",
        "amount",
        "amount_usd",
        "amount_value",
        "billed_cost",
        "line_item_unblended_cost",
        "total",
    ),
}
"""Column → names that it has in invoices, in lower case with `_` for everything that is no letter."""

_DAY: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@dataclass(frozen=True)
class Line:
    """One line of an invoice; `day` is None when it says none. Money in nano-dollars."""

    day: date | None
    model: str
    cost: int


@dataclass(frozen=True, order=True)
class Compared:
    """One model, or all of one day: what the provider and the gateway say. Money in nano-dollars."""

    where: str
    invoice: int
    gateway: int

    @property
    def missing(self) -> int:
        """What the gateway charged too little; negative: too much."""
        return self.invoice - self.gateway

    def as_json(self) -> dict[str, Any]:
        """For `-o json`."""
        return {
            "where": self.where,
            "invoice_nano_usd": self.invoice,
            "gateway_nano_usd": self.gateway,
            "missing_nano_usd": self.missing,
        }


def read_invoice(rows: Iterable[str], columns: Mapping[str, str] | None = None) -> list[Line]:
    """The lines of a CSV text. `columns` names those that are called otherwise. Raises UserError."""
    reader = csv.DictReader(rows)
    header = list(reader.fieldnames or ())
    found = {name: _column(name, header, (columns or {}).get(name)) for name in NAMES}
    for name in ("model", "cost"):
        if found[name] is None:
            known = ", ".join(header) or "none"
            raise UserError(f"the invoice has no column for the {name}; its columns are {known}; say --{name}-column")
    return list(_lines(reader, found))


def compare(lines: Sequence[Line], events: Iterable[UsageEvent], period: Period) -> list[Compared]:
    """Model by model, those that differ most first. Lines of days outside the period are left out.

    An invoice writes a model its own way: `gpt-4o-mini-2024-07-18 input` is compared with the longest target model that
    it contains.
    """
    charged: dict[str, int] = {}
    for event in events:
        if event.cost_nano_usd:
            name = event.target_model or key_of(event, ("model",), {})[0]
            charged[name] = charged.get(name, 0) + event.cost_nano_usd
    billed: dict[str, int] = {}
    for line in lines:
        if line.day is None or period.first <= line.day <= period.last:
            name = _match(line.model, charged)
            billed[name] = billed.get(name, 0) + line.cost
    compared = [Compared(name, billed.get(name, 0), charged.get(name, 0)) for name in billed.keys() | charged.keys()]
    return sorted(compared, key=lambda each: (-abs(each.missing), each.where))


def _lines(reader: "csv.DictReader[str]", found: Mapping[str, str | None]) -> Iterator[Line]:
    for number, row in enumerate(reader, 2):
        model = (row.get(found["model"] or "") or "").strip()
        cost = (row.get(found["cost"] or "") or "").strip().lstrip("$").replace(",", "")
        if not model or not cost:
            continue  # a total, or an empty line
        try:
            nano = int((Decimal(cost) * NANO_PER_USD).to_integral_value())
        except (InvalidOperation, ValueError):
            raise UserError(f"line {number} of the invoice: {cost!r} is no amount in dollars") from None
        yield Line(_day(row.get(found["day"] or "")), model, nano)


def _day(text: str | None) -> date | None:
    match = _DAY.search(text or "")
    return date(int(match[1]), int(match[2]), int(match[3])) if match else None


def _column(name: str, header: Sequence[str], given: str | None) -> str | None:
    if given is not None:
        if given not in header:
            raise UserError(f"the invoice has no column {given!r}; its columns are {', '.join(header)}")
        return given
    plain = {re.sub(r"[^a-z]+", "_", each.lower()).strip("_"): each for each in header}
    return next((plain[each] for each in NAMES[name] if each in plain), None)


def _match(billed: str, charged: Iterable[str]) -> str:
    candidates = [name for name in charged if name.lower() in billed.lower()]
    return max(candidates, key=len, default=billed)
