"""Windows: without gap or overlap in every time zone, whatever the clocks do at midnight."""

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.ledger.quotas.scopes import Period
from gwctl.ledger.quotas.windows import TOTAL, Window, period_of, window_at

ZONES = sorted(available_timezones() - {"localtime"})
FROM, TO = 0, 4_000_000_000  # 1970 to 2096

periods = st.sampled_from(["minute", "day", "month", "total"])
moments = st.integers(FROM, TO)


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def hours(window: Window) -> float:
    return (window.end - window.start) / 3600


@given(periods, st.sampled_from(ZONES), moments)
def test_a_moment_is_in_its_window(period: Period, zone: str, moment: int) -> None:
    assert moment in window_at(period, zone, moment)


@given(st.sampled_from(["minute", "day", "month"]), st.sampled_from(ZONES), moments)
def test_the_next_window_begins_where_this_one_ends(period: Period, zone: str, moment: int) -> None:
    window = window_at(period, zone, moment)
    following = window_at(period, zone, window.end)
    assert following.start == window.end
    assert following.id > window.id


@given(periods, st.sampled_from(ZONES), moments)
def test_every_moment_of_a_window_finds_the_same_window(period: Period, zone: str, moment: int) -> None:
    window = window_at(period, zone, moment)
    last = window.end - 1 if math.isfinite(window.end) else moment + 10**9
    assert window_at(period, zone, last) == window


@given(periods, st.sampled_from(ZONES), moments)
def test_an_id_tells_its_period(period: Period, zone: str, moment: int) -> None:
    assert period_of(window_at(period, zone, moment).id) == period


@pytest.mark.parametrize(
    ("day", "zone", "length"),
    [
        pytest.param("2026-03-29", "Europe/Berlin", 23, id="spring"),
        pytest.param("2026-10-25", "Europe/Berlin", 25, id="autumn"),
        pytest.param("2026-11-21", "Europe/Berlin", 24, id="an ordinary day"),
        pytest.param("2026-04-24", "Africa/Cairo", 23, id="there is no midnight"),
        pytest.param("2026-10-29", "Africa/Cairo", 25, id="the hour before midnight comes twice"),
        pytest.param("2026-11-01", "America/Havana", 25, id="midnight comes twice"),
        pytest.param("2026-04-05", "Australia/Lord_Howe", 24.5, id="half an hour"),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(day: str, zone: str, length: float) -> None:
    window = window_at("day", zone, at(f"{day}T12:00", zone))
    assert (window.id, hours(window)) == (day, length)


def test_a_day_that_a_zone_skipped_is_never_entered() -> None:
    # Samoa went over the date line: there was no 2011-12-30.
    before = window_at("day", "Pacific/Apia", at("2011-12-29T12:00", "Pacific/Apia"))
    after = window_at("day", "Pacific/Apia", before.end)
    assert (before.id, after.id) == ("2011-12-29", "2011-12-31")


def test_a_clock_that_goes_back_over_midnight_does_not_reopen_yesterday() -> None:
    # St John's went from 00:01 back to 23:01 of the day before.
    midnight = window_at("day", "America/St_Johns", at("2010-11-07T12:00", "America/St_Johns")).start
    assert window_at("day", "America/St_Johns", midnight + 120).id == "2010-11-07"


def test_a_month_begins_at_local_midnight() -> None:
    window = window_at("month", "America/New_York", at("2026-11-21T12:00"))
    assert (window.start, window.end) == (at("2026-11-01T04:00"), at("2026-12-01T05:00"))


def test_the_minutes_of_the_hour_that_comes_twice_are_different_windows() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()  # 02:30 in Berlin, and again an hour later
    ids = {window_at("minute", "Europe/Berlin", moment).id for moment in (first, first + 3600)}
    assert ids == {"2026-10-25T00:30Z", "2026-10-25T01:30Z"}


def test_a_total_has_no_end() -> None:
    assert window_at("total", "UTC", 0) == TOTAL


def test_an_unknown_zone_is_an_error_that_names_it() -> None:
    with pytest.raises(ZoneInfoNotFoundError, match="Mars/Olympus"):
        window_at("day", "Mars/Olympus", 0)
