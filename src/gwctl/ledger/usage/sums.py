"""Usage events → sums in the usage table. Pure.

The table's keys are two strings. Every event is added to two items, each a set of counters:

    pk `<team>#<day>`   sk `<client>#<model>`    what a team used, for its own reports
    pk `*#<day>`        sk `<team>#<model>`      what everybody used, for reports over all teams

The day is that of `started_at` in UTC, `-` stands for nobody and for no model. A third kind of item, pk `agent#<id>`,
sk `position`, says how far an agent's events are in the sums: it moves in the same transaction, so that no event is
added twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Final, Literal, Self

import msgspec

from gwctl.ledger.metering.events import Outcome, UsageEvent
from gwctl.pricing.tokens import otel_name

Counter = Literal[
    "requests",
    "served",
    "refused",
    "failed",
    "cut",
    "estimated",
    "unpriced",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "reasoning_tokens",
    "cost_nano_usd",
]

Counts = Mapping[str, int]
"""Counter → its value; a counter that is not there is 0. Money in nano-dollars."""

Key = tuple[str, str]
"""pk and sk of an item."""

NONE: Final = "-"
EVERYBODY: Final = "*"
MAX_UPDATES: Final = 99
"""DynamoDB's limit of 100 items in a transaction, without the agent's position."""


@dataclass(frozen=True)
class Detailed:
    """What one client used of one model on one day. `client` and `model` may be `-`."""

    day: date
    team: str
    client: str
    model: str
    counts: Counts


@dataclass(frozen=True)
class Total:
    """What one team used of one model on one day. `team` and `model` may be `-`."""

    day: date
    team: str
    model: str
    counts: Counts


def team_key(team: str, day: date) -> str:
    """The partition with a team's day."""
    return f"{team}#{day:%Y-%m-%d}"


def everybody_key(day: date) -> str:
    """The partition with everybody's day."""
    return team_key(EVERYBODY, day)


def agent_key(agent: str) -> Key:
    """The item with an agent's position."""
    return f"agent#{agent}", "position"


Amount = Annotated[int, msgspec.Meta(ge=0)]


class Counted(msgspec.Struct, frozen=True, rename=otel_name):
    """A usage event as far as it is counted, by the names of `UsageEvent`: reading it takes a third of the time."""

    id: str
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    outcome: Outcome
    team: str | None = None
    client: str | None = None
    model: str | None = None
    estimated: str | bool = False
    input_tokens: Amount = 0
    output_tokens: Amount = 0
    cache_read_tokens: Amount = 0
    cache_creation_tokens: Amount = 0
    reasoning_tokens: Amount = 0
    cost_nano_usd: Amount | None = None


def counts_of(event: UsageEvent | Counted) -> Counts:
    """What one event adds; counters that it does not move are left out."""
    counts: dict[Counter, int] = {
        "requests": 1,
        event.outcome: 1,
        "estimated": int(bool(event.estimated)),
        "unpriced": int(event.cost_nano_usd is None and event.outcome != "refused"),
        "input_tokens": event.input_tokens,
        "output_tokens": event.output_tokens,
        "cache_read_tokens": event.cache_read_tokens,
        "cache_creation_tokens": event.cache_creation_tokens,
        "reasoning_tokens": event.reasoning_tokens,
        "cost_nano_usd": event.cost_nano_usd or 0,
    }
    return {name: value for name, value in counts.items() if value}


def keys_of(event: UsageEvent | Counted) -> tuple[Key, Key]:
    """The two items that an event is added to."""
    day = event.started_at.astimezone(UTC).date()
    team, client = event.team or NONE, event.client or NONE
    # A refused request may name any model: each made-up name would become an item of its own.
    model = NONE if event.outcome == "refused" or not event.model else event.model
    return _keys(day, team, client, model)


@lru_cache(maxsize=4096)
def _keys(day: date, team: str, client: str, model: str) -> tuple[Key, Key]:
    return (team_key(team, day), f"{client}#{model}"), (everybody_key(day), f"{team}#{model}")


@dataclass
class UsageBatch:
    """Events that are added together: at most MAX_UPDATES items. What `UsageWriter.add` takes."""

    updates: dict[Key, dict[str, int]] = field(default_factory=dict[Key, dict[str, int]])

    def add(self, event: UsageEvent | Counted) -> bool:
        """Takes the event in; False, and nothing is changed, when the batch is full."""
        keys, counts = keys_of(event), counts_of(event)
        if len(self.updates) + sum(key not in self.updates for key in keys) > MAX_UPDATES:
            return False
        for key in keys:
            sums = self.updates.setdefault(key, {})
            for name, value in counts.items():
                sums[name] = sums.get(name, 0) + value
        return True

    @classmethod
    def of(cls, events: Iterable[UsageEvent]) -> Self:
        """A batch of few events. Raises ValueError when they do not fit into one."""
        batch = cls()
        for event in events:
            if not batch.add(event):
                raise ValueError(f"the events touch more than {MAX_UPDATES} items; make several batches")
        return batch


def parse_detailed(pk: str, sk: str, counts: Counts) -> Detailed:
    """The row that an item of a team stands for."""
    team, _, day = pk.rpartition("#")
    client, _, model = sk.partition("#")
    return Detailed(date.fromisoformat(day), team, client, model, counts)


def parse_total(pk: str, sk: str, counts: Counts) -> Total:
    """The row that an item of everybody stands for."""
    team, _, model = sk.partition("#")
    return Total(date.fromisoformat(pk.rpartition("#")[2]), team, model, counts)
