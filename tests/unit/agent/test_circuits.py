"""The agent's circuit breakers, as its parts use them."""

import logging

import pytest

from gwctl.agent.policy.circuits import Circuits
from gwctl.agent.status import AgentStatus
from unit.edge.test_breaker import NOW, POLICY, SECOND, A, line
from unit.policy.examples import compiled


def test_lines_open_a_circuit_and_the_log_says_so(caplog: pytest.LogCaptureFixture):
    now = NOW
    circuits = Circuits(lambda _: POLICY, lambda: now)
    with caplog.at_level(logging.INFO, "gwctl.agent"):
        for _ in range(3):
            circuits.observe(line(SECOND))
        found = [circuits.open_targets(), circuits.open_targets()]
        now = NOW + 10
        found.append(circuits.open_targets())

    assert found == [{A}, {A}, frozenset()]
    assert [record.getMessage() for record in caplog.records] == [
        "target pair/openai/a is left out until 2027-01-15T08:00:10+00:00: the next target had to serve",
        "target pair/openai/a is tried again",
    ]


def test_the_status_shows_what_is_open():
    circuits = Circuits(lambda _: POLICY, lambda: NOW)
    for _ in range(3):
        circuits.observe(line(SECOND))
    status = AgentStatus(open_targets=circuits.status())

    assert status.model_dump(mode="json")["open_targets"] == [
        {
            "target": "pair/openai/a",
            "since": "2027-01-15T08:00:00+00:00",
            "until": "2027-01-15T08:00:10+00:00",
            "reason": "the next target had to serve",
        }
    ]


def test_another_policy_forgets_what_it_does_not_name():
    circuits = Circuits(lambda _: POLICY, lambda: NOW)
    for _ in range(3):
        circuits.observe(line(SECOND))

    circuits.put_in_force(compiled())

    assert circuits.open_targets() == frozenset()
