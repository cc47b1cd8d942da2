"""Counters and histograms between two exports: sums, bounds, and how many there may be."""

from typing import Any

from gwctl.agent.sinks.points import MAX_POINTS, OVERFLOW, Counter, Histogram, Interval, not_empty

INTERVAL = Interval(100, 200)


def points(metric: Counter | Histogram) -> list[Any]:
    return list(metric.collect(INTERVAL).data.data_points)


def test_values_with_the_same_attributes_are_added_up():
    counter = Counter("spend", "{nano_usd}", ("team", "provider"))
    counter.add(("search", "openai"), 5)
    counter.add(("search", "openai"), 7)
    counter.add(("search", None), 1)
    assert [(each.attributes, each.value) for each in points(counter)] == [
        ({"team": "search", "provider": "openai"}, 12),
        ({"team": "search"}, 1),
    ]


def test_a_point_says_for_which_time_it_stands():
    counter = Counter("requests", "{request}", ("team",))
    counter.add(("search",))
    (point,) = points(counter)
    assert (point.start_time_unix_nano, point.time_unix_nano) == (100, 200)


def test_what_was_collected_is_not_collected_again():
    counter, histogram = Counter("requests", "{request}", ()), Histogram("duration", "s", (), (1, 2))
    counter.add(())
    histogram.record((), 1)
    assert len(not_empty(each.collect(INTERVAL) for each in (counter, histogram))) == 2
    assert not not_empty(each.collect(INTERVAL) for each in (counter, histogram))


def test_a_histogram_counts_a_value_at_a_bound_below_it():
    histogram = Histogram("duration", "s", ("operation",), (1, 2, 4))
    for value in (0.5, 1, 1.5, 4, 9):
        histogram.record(("chat",), value)
    (point,) = points(histogram)
    assert list(point.bucket_counts) == [2, 1, 1, 1]
    assert (point.count, point.sum, point.min, point.max) == (5, 16, 0.5, 9)


def test_attributes_beyond_the_most_are_one_point_more_and_nothing_is_lost():
    counter, histogram = Counter("requests", "{request}", ("team",)), Histogram("duration", "s", ("team",), (1,))
    for number in range(MAX_POINTS + 5):
        counter.add((f"team-{number}",))
        histogram.record((f"team-{number}",), 1)
    counted, recorded = points(counter), points(histogram)
    assert len(counted) == len(recorded) == MAX_POINTS + 1
    assert (counted[-1].attributes, counted[-1].value) == (OVERFLOW, 5)
    assert (recorded[-1].attributes, recorded[-1].count) == (OVERFLOW, 5)
