"""A period as people write it → its first and last day, in UTC."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from gwctl.core.errors import UserError

_FORM = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)


@dataclass(frozen=True)
class Period:
    """Days, both included."""

    first: date
    last: date

    def __contains__(self, moment: datetime) -> bool:
        return self.first <= moment.astimezone(UTC).date() <= self.last

    def __str__(self) -> str:
        return f"{self.first}..{self.last}" if self.first != self.last else str(self.first)

    @property
    def widened(self) -> "Period":
        """With a day more at each end: all of the period in every time zone."""
        return Period(self.first - timedelta(days=1), self.last + timedelta(days=1))

    @property
    def seconds(self) -> tuple[float, float]:
        """Beginning and end, since the epoch."""
        begin = datetime.combine(self.first, time.min, UTC)
        return begin.timestamp(), (begin + timedelta(days=(self.last - self.first).days + 1)).timestamp()

    def parts(self, days: int) -> "Iterator[Period]":
        """The period in pieces of at most so many days."""
        first = self.first
        while first <= self.last:
            last = min(self.last, first + timedelta(days=days - 1))
            yield Period(first, last)
            first = last + timedelta(days=1)


def parse_period(text: str | None) -> Period:
    """`2026-11` a month, `2026-11-21` a day, `A..B` from A to B; None is this month. Raises UserError."""
    first, dots, last = (text or f"{datetime.now(UTC):%Y-%m}").partition("..")
    period = Period(_days(first, text)[0], _days(last if dots else first, text)[1])
    if period.last < period.first:
        raise UserError(f"the period {text} ends before it begins; turn the two round")
    return period


def _days(part: str, text: str | None) -> tuple[date, date]:
    match = _FORM.fullmatch(part.strip())
    try:
        if match is None:
            raise ValueError
        year, month = int(match[1]), int(match[2])
        if match[3]:
            day = date(year, month, int(match[3]))
            return day, day
        return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
    except (ValueError, IndexError):
        raise UserError(f"{text!r} is no period; write 2026-11, 2026-11-21 or 2026-11-01..2026-11-15") from None
