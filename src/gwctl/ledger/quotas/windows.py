"""Period, time zone and moment → the window in which a quota counts.

In: a period, an IANA time zone, seconds since the epoch. Out: a `Window`. The windows of a period and zone follow
each other without gap or overlap, whatever daylight saving does to midnight.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from gwctl.ledger.quotas.scopes import Period

MINUTE = 60


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to, not including, `end`: seconds since the epoch, infinite for a period without an end.

    `id` is unique among the windows of a period and zone, and sorts by time: `2026-11`, `2026-11-21`,
    `2026-11-21T10:05Z`, `total`.
    """

    id: str
    start: float
    end: float

    def __contains__(self, at: float) -> bool:
        return self.start <= at < self.end


TOTAL = Window("total", -math.inf, math.inf)


def window_at(period: Period, timezone: str, at: float) -> Window:
    """The window that `at` (seconds since the epoch) falls into.

    A minute is the same minute everywhere, so its id is in UTC: in local time an hour comes twice each autumn.
    Raises zoneinfo.ZoneInfoNotFoundError for an unknown time zone.
    """
    if period == "total":
        return TOTAL
    if period == "minute":
        start = math.floor(at / MINUTE) * MINUTE
        return Window(f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%MZ}", start, start + MINUTE)
    zone = _zone(timezone)
    day = datetime.fromtimestamp(at, zone).date()
    # The local date is off by one where a clock goes back over midnight (23:59:59 → 23:00): step to the right one.
    for candidate in _around(_first(day, period), period):
        start, end = _starts(candidate, zone), _starts(_after(candidate, period), zone)
        if start <= at < end:
            return Window(f"{candidate:%Y-%m}" if period == "month" else f"{candidate}", start, end)
    raise AssertionError(f"no {period} in {timezone} contains {at}")


def period_of(window_id: str) -> Period:
    """The period that a window id belongs to, by its form."""
    forms: dict[int, Period] = {len("total"): "total", len("2026-11"): "month", len("2026-11-21"): "day"}
    return forms.get(len(window_id), "minute")


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _first(day: date, period: Literal["day", "month"]) -> date:
    return day.replace(day=1) if period == "month" else day


def _after(day: date, period: Literal["day", "month"]) -> date:
    return (day + timedelta(days=31)).replace(day=1) if period == "month" else day + timedelta(days=1)


def _around(first: date, period: Literal["day", "month"]) -> Iterator[date]:
    """The window's own first day, then the neighbours: two back and two on, for a zone that once skipped a day."""
    yield first
    before = after = first
    for _ in range(2):
        before = _first(before - timedelta(days=1), period)
        yield before
        after = _after(after, period)
        yield after


def _starts(day: date, zone: ZoneInfo) -> float:
    """The first moment of a local day.

    `fold=0` reads a midnight that exists twice as the first one, and one that does not exist with the offset from
    before the jump, which is the moment of the jump (PEP 495).
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone, fold=0).timestamp()
