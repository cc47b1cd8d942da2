"""Sums of usage by whatever dimensions are asked for. Pure.

In: rows of the usage table and a `Query`. Out: one `UsageRow` for each combination that has any usage, in the order
of the dimensions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from gwctl.ledger.usage.sums import Counter, Detailed, Total

Dimension = Literal["day", "team", "client", "model"]
DIMENSIONS: Final[tuple[Dimension, ...]] = get_args(Dimension)
COUNTERS: Final[tuple[Counter, ...]] = get_args(Counter)
MAX_DAYS: Final = 92

Count = Annotated[int, Field(ge=0)]


class UsageRow(BaseModel):
    """The sums of one combination. A dimension that was not asked for is absent; `-` is nobody, or no model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date | None = None
    team: str | None = None
    client: str | None = None
    model: str | None = Field(default=None, description="The alias that was asked for; refused requests count under -")
    requests: Count = 0
    served: Count = 0
    refused: Count = 0
    failed: Count = 0
    cut: Count = Field(default=0, description="Answers that ended early")
    estimated: Count = Field(default=0, description="Answers without usage, charged by estimate")
    unpriced: Count = Field(default=0, description="Answers of models without a price; not in the cost")
    input_tokens: Count = Field(default=0, description="Including those read from and written to a cache")
    output_tokens: Count = Field(default=0, description="Including reasoning")
    cache_read_tokens: Count = 0
    cache_creation_tokens: Count = 0
    reasoning_tokens: Count = 0
    cost_nano_usd: Count = Field(default=0, description="In nano-dollars: 1,000,000,000 are one US dollar")


@dataclass(frozen=True)
class Query:
    """What is asked: days (both included), dimensions, and filters; a filter that is None lets everything through."""

    first: date
    last: date
    by: tuple[Dimension, ...]
    team: str | None = None
    client: str | None = None
    model: str | None = None

    @property
    def days(self) -> Iterator[date]:
        """Every day from first to last."""
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    def wants(self, row: Detailed | Total) -> bool:
        """Whether the filters let the row through."""
        return (
            self.team in (None, row.team)
            and self.model in (None, row.model)
            and (self.client is None or (isinstance(row, Detailed) and row.client == self.client))
        )


def report(query: Query, rows: Iterable[Detailed | Total]) -> list[UsageRow]:
    """The rows summed up by the query's dimensions, sorted by them."""
    dimensions = [name for name in DIMENSIONS if name in query.by]
    sums: dict[tuple[date | str, ...], dict[str, int]] = {}
    for row in rows:
        if query.wants(row):
            group = sums.setdefault(tuple(getattr(row, name) for name in dimensions), dict.fromkeys(COUNTERS, 0))
            for name, value in row.counts.items():
                if name in group:
                    group[name] += value
    return [
        UsageRow.model_validate({**dict(zip(dimensions, key, strict=True)), **counts})
        for key, counts in sorted(sums.items())
    ]
