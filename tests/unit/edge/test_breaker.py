"""Circuit breakers: which targets keep failing, for how long they are left out, and how they come back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.edge.breaker import CircuitBreakers, TargetName, first_tried, outcomes
from gwctl.edge.usage_log.line import UsageLine
from gwctl.policy.snapshot import Variant
from unit.edge.circuits import BREAKER, NOW, POLICY, SECOND, A, B, line, opened, policy, told, variant
from unit.policy.examples import compiled

# --- what a line says ---


def models(found: UsageLine, of: Variant) -> list[tuple[str, bool]]:
    return [(each.target.model, each.failed) for each in outcomes(found, of)]


@pytest.mark.parametrize(
    ("route", "option", "status", "more", "expected"),
    [
        ("pair", "config.targets[0]", 200, {}, [("a", False)]),
        ("pair", "config.targets[1]", 200, {}, [("a", True), ("b", False)]),
        ("pair", "config.targets[1]", 503, {}, [("a", True), ("b", True)]),
        ("pair", "config.targets[1]", 400, {}, [("a", True)]),
        ("pair", "config.targets[0]", 404, {}, []),
        ("pair", "config.targets[0]", 200, {"usage": {"error.type": "overloaded_error"}}, [("a", True)]),
        ("pair", "config.targets[1]", 200, {"skipped": "config.targets[0]"}, [("b", False)]),
        ("pair", "config.targets[1]", 0, {"flags": "DC"}, []),
        ("pair", "config.targets[1]", 400, {"refusal": "answer_refused"}, []),
        ("pair", "config.targets[9]", 200, {}, []),
        ("pair", "config", 500, {}, []),
        ("pair", None, 504, {}, []),
        ("mixed", "config.targets[0].targets[1]", 529, {}, [("b", True)]),
        ("mixed", "config.targets[1].targets[1]", 200, {}, [("a", True), ("b", False)]),
        ("mixed", "config.targets[2]", 200, {}, [("a", True), ("b", True), ("c", False)]),
        ("mixed", "config.targets[2]", 200, {"skipped": "config.targets[1]"}, [("c", False)]),
        ("mixed", "config.targets[2]", 200, {"skipped": "config.targets[1].targets[0]"}, [("b", True), ("c", False)]),
    ],
)
def test_a_line_says_who_failed(
    route: str, option: str | None, status: int, more: dict[str, Any], expected: list[tuple[str, bool]]
):
    assert models(line(option, status, route=route, **more), POLICY.variants[variant(route)]) == expected


@pytest.mark.parametrize("odd", [None, "-", "", 7, ["config"], "config.targets[x]", "config.targets[-1]"], ids=repr)
def test_whatever_a_line_says_was_left_out_it_is_read(odd: Any):
    assert line(SECOND, skipped=odd).skipped == frozenset()


@pytest.mark.parametrize(
    ("skipped", "expected"),
    [
        (set(), "a"),
        ({(0, 0)}, "b"),
        ({(0,)}, "a"),
        ({(0,), (1, 0)}, "b"),
        ({(0,), (1,)}, "c"),
        ({(0,), (1,), (2,)}, "a"),
    ],
)
def test_who_most_likely_worked_on_a_request(skipped: set[tuple[int, ...]], expected: str):
    assert first_tried(POLICY.variants[variant("mixed")].tree, frozenset(skipped)).model == expected


# --- when a circuit opens ---


def test_failures_in_a_row_open_it():
    breakers = told(*[line(SECOND)] * 2)
    assert breakers.open_targets(NOW) == frozenset()

    assert told(line(SECOND), breakers=breakers).open_targets(NOW) == {A}


def test_an_answer_between_them_keeps_it_closed():
    breakers = told(*[line(SECOND), line(SECOND), line("config.targets[0]")] * 5)

    assert breakers.open_targets(NOW) == frozenset()


def test_failures_too_far_apart_keep_it_closed():
    breakers = told(*[line(SECOND, at=NOW + 16 * i) for i in range(10)])

    assert breakers.open_targets(NOW + 144) == frozenset()


def test_what_is_read_late_is_no_news():
    breakers = CircuitBreakers()
    for _ in range(3):
        breakers.observe(line(SECOND), POLICY, NOW + 31)

    assert breakers.open_targets(NOW + 31) == frozenset()


def test_a_route_without_a_breaker_has_no_circuit():
    assert told(*[line(SECOND, route="without")] * 9).open_targets(NOW) == frozenset()


def test_a_line_of_a_policy_that_nobody_knows_is_passed_over():
    breakers = CircuitBreakers()
    breakers.observe(line(SECOND), None, NOW)

    assert breakers.open_targets(NOW) == frozenset()


def test_a_circuit_belongs_to_one_route():
    assert told(*[line("config.targets[1].targets[1]", route="mixed")] * 3).open_targets(NOW) == {
        TargetName("mixed", "openai", "a")
    }


# --- and closes ---


def test_it_is_open_for_its_time():
    breakers = opened()

    assert breakers.open_targets(NOW + 9.9) == {A}
    assert breakers.open_targets(NOW + 10) == frozenset()


def test_an_answer_on_trial_closes_it():
    breakers = told(line("config.targets[0]", at=NOW + 11), breakers=opened())

    assert told(*[line(SECOND, at=NOW + 12)] * 2, breakers=breakers).open_targets(NOW + 12) == frozenset()


def test_one_failure_on_trial_opens_it_for_twice_as_long():
    breakers = told(line(SECOND, at=NOW + 11), breakers=opened())

    assert breakers.open_targets(NOW + 30) == {A}
    assert breakers.open_targets(NOW + 31) == frozenset()


def test_the_pause_grows_to_sixteen_times():
    breakers, begun, at = opened(), NOW, NOW + 10
    for _ in range(8):
        told(line(SECOND, at=at), breakers=breakers)
        begun = at
        while A in breakers.open_targets(at):
            at += 10

    assert at - begun == 160


@pytest.mark.parametrize("skipping", [{"skipped": "config.targets[0]"}, {}])
def test_requests_from_before_the_trial_decide_nothing(skipping: dict[str, str]):
    """Those that left the target out, and those that had begun before and end late."""
    late = line(SECOND, at=NOW + 9, **{"duration_ms": 3000, **skipping})
    breakers = told(late, breakers=opened())

    assert breakers.open_targets(NOW + 12) == frozenset()


def test_a_policy_change_keeps_what_is_still_there():
    breakers = opened()

    breakers.replace(policy(failures=9))
    assert breakers.open_targets(NOW) == {A}
    breakers.replace(compiled())
    assert breakers.open_targets(NOW) == frozenset()


def test_people_are_told():
    [told_] = told(*[line("config.targets[0]", 503)] * 3).status(NOW)

    assert (told_.target, told_.reason) == ("pair/openai/a", "it answered 503")
    assert (told_.since, told_.until) == ("2027-01-15T08:00:00+00:00", "2027-01-15T08:00:10+00:00")


@given(
    st.lists(
        st.tuples(
            st.floats(0, 40, allow_nan=False),
            st.sampled_from([None, "config.targets[0]", SECOND]),
            st.sampled_from([0, 200, 400, 429, 503]),
        )
    )
)
def test_whatever_happens_every_pause_ends(events: list[tuple[float, str | None, int]]):
    breakers, at = CircuitBreakers(), NOW
    for pause, option, status in events:
        at += pause
        told(line(option, status, at=at), breakers=breakers)

    assert breakers.open_targets(at) <= {A, B}
    assert breakers.open_targets(at + BREAKER["open_seconds"] * 16) == frozenset()
