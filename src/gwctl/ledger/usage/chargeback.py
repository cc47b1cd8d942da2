"""Who spent what. In: usage events, dimensions. Out: one row for each combination, the dearest first. Pure."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.usage.dimensions import TeamTags, key_of, sums_of
from gwctl.ledger.usage.periods import Period
from gwctl.ledger.usage.report import COUNTERS
from gwctl.ledger.usage.sums import Counter
from gwctl.pricing import money


@dataclass(frozen=True)
class Row:
    """What was used under one combination of the dimensions. Money in nano-dollars."""

    key: tuple[str, ...]
    counts: Mapping[Counter, int]

    @property
    def cost(self) -> int:
        """Nano-dollars."""
        return self.counts["cost_nano_usd"]


@dataclass(frozen=True)
class Report:
    """Rows and their total, of a period."""

    period: Period
    dimensions: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def total(self) -> Row:
        """The sum of all rows."""
        return Row(("total",), {name: sum(row.counts[name] for row in self.rows) for name in COUNTERS})


def chargeback(
    events: Iterable[UsageEvent], period: Period, dimensions: Sequence[str], tags: TeamTags | None = None
) -> Report:
    """The report. A cost is the sum of the events' costs, each of which was rounded once when it was priced."""
    sums = sums_of(events, lambda event: key_of(event, dimensions, tags or {}))
    rows = [Row(key, counts) for key, counts in sums.items()]
    by_day = "day" in dimensions
    rows.sort(key=lambda row: row.key if by_day else (-row.cost, row.key))
    return Report(period, tuple(dimensions), tuple(rows))


def as_csv(report: Report) -> str:
    """CSV with a header; `cost_usd` has all decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*report.dimensions, *COUNTERS, "cost_usd"])
    for row in report.rows:
        writer.writerow([*row.key, *(row.counts[name] for name in COUNTERS), money.plain(row.cost)])
    return text.getvalue()


def as_json(report: Report) -> str:
    """One JSON object: the period, the rows, the total."""
    return json.dumps(
        {
            "from": str(report.period.first),
            "to": str(report.period.last),
            "by": list(report.dimensions),
            "rows": [
                {**dict(zip(report.dimensions, row.key, strict=True)), **_numbers(row.counts)} for row in report.rows
            ],
            "total": _numbers(report.total.counts),
        },
        indent=2,
    )


def _numbers(counts: Mapping[Counter, int]) -> dict[str, Any]:
    return {**counts, "cost_usd": money.plain(counts["cost_nano_usd"])}
