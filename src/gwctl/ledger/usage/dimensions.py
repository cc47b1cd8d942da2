"""What one usage event counts under, and what it adds. Pure.

The words are those of the usage table: `-` is nobody, and the model of a refused request.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from typing import Final

from gwctl.core.errors import UserError
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.usage.report import COUNTERS
from gwctl.ledger.usage.sums import NONE, Counter, counts_of

TeamTags = Mapping[str, Mapping[str, str]]
"""Team → its tags, as the policy has them now: for events of the time before events had their own."""

Key = tuple[str, ...]
Sums = dict[Key, dict[Counter, int]]

PLAIN: Final = ("day", "team", "team_name", "client", "model", "provider", "target")
TAG: Final = "tag:"


def checked_dimensions(names: Iterable[str]) -> tuple[str, ...]:
    """The names if each is known and stands once. Raises UserError."""
    found = tuple(name.strip() for name in names if name.strip())
    for name in found:
        if name not in PLAIN and not (name.startswith(TAG) and name != TAG):
            raise UserError(f"{name!r} is no dimension; known are {', '.join(PLAIN)} and tag:NAME")
    if len(set(found)) < len(found) or not found:
        raise UserError("--by needs one or more dimensions, each once, with commas between")
    return found


def key_of(event: UsageEvent, dimensions: Iterable[str], tags: TeamTags) -> Key:
    """What the event counts under."""
    return tuple(_value(event, name, tags) for name in dimensions)


def sums_of(events: Iterable[UsageEvent], key: Callable[[UsageEvent], Key]) -> Sums:
    """Key → counters, for everything that has any usage."""
    sums: Sums = {}
    for event in events:
        group = sums.setdefault(key(event), dict.fromkeys(COUNTERS, 0))
        for name, value in counts_of(event).items():
            group[name] += value  # type: ignore[index]  # the names are those of COUNTERS
    return sums


def _value(event: UsageEvent, name: str, tags: TeamTags) -> str:
    match name:
        case "day":
            return event.started_at.astimezone(UTC).date().isoformat()
        case "team":
            return event.team or NONE
        case "team_name":
            return event.team_name or event.team or NONE
        case "client":
            return event.client or NONE
        case "model":
            # A refused request may name any model: each made-up name would be a line of its own.
            return NONE if event.outcome == "refused" or not event.model else event.model
        case "provider":
            return event.provider or NONE
        case "target":
            return f"{event.provider}/{event.target_model}" if event.provider and event.target_model else NONE
        case _:
            return tags_of(event, tags).get(name.removeprefix(TAG), NONE)


def tags_of(event: UsageEvent, now: TeamTags) -> Mapping[str, str]:
    """The tags of the event's team when it happened: a change of tags does not change what was reported before."""
    return now.get(event.team or "", {}) if event.team_tags is None else json.loads(event.team_tags)
