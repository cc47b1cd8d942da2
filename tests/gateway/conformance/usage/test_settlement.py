"""At the end of the suite: what was asked and what was metered are the same.

This module runs last (conftest.py sees to it). It goes by the request ids of all answers that the suite's callers got.
"""

import json
from collections import Counter
from typing import Any

import pytest

from gateway.conformance.kit.calls import Caller
from gateway.conformance.kit.lab import Lab
from gwctl.edge.usage_log.line import EDGE_DIED
from support.gateway import Gateway
from support.processes import wait_until

SETTLED_SECONDS = 20.0


def events_of(gateway: Gateway) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gateway.data.usage_events.read_bytes().splitlines()]


def log_ids(gateway: Gateway) -> list[str]:
    return [json.loads(line)["id"] for line in gateway.data.usage_log.read_bytes().splitlines()]


def settled(gateway: Gateway) -> list[dict[str, Any]]:
    """All usage events, when there are as many as lines in the edge's log and no more come."""
    gateway.require_local()

    def settle() -> list[dict[str, Any]]:
        before = len(log_ids(gateway))
        events = events_of(gateway)
        return events if len(events) >= before == len(log_ids(gateway)) else []

    return wait_until(settle, "an event for every line of the usage log", SETTLED_SECONDS)


@pytest.fixture(params=["gateway", "express_lab", "portkey_lab", "workshop"])
def metered(request: pytest.FixtureRequest) -> tuple[Gateway, list[dict[str, Any]]]:
    """Each gateway of the suite, if a test has used it, and its events."""
    name = request.param
    gateway = (
        request.getfixturevalue("gateway") if name == "gateway" else request.getfixturevalue(f"{name}_server").gateway
    )
    return gateway, settled(gateway)


def test_no_event_is_there_twice(metered: tuple[Gateway, list[dict[str, Any]]]):
    counts = Counter(event["id"] for event in metered[1])

    assert [each for each, count in counts.items() if count > 1] == []


def test_every_line_of_the_log_became_an_event(metered: tuple[Gateway, list[dict[str, Any]]]):
    gateway, events = metered
    logged = [event["id"] for event in events if event.get("error.type") != EDGE_DIED]
    of_dead_edges = {event["id"] for event in events if event.get("error.type") == EDGE_DIED}

    assert logged == log_ids(gateway)
    assert of_dead_edges.isdisjoint(logged)


def test_no_line_of_the_log_could_not_be_read(metered: tuple[Gateway, list[dict[str, Any]]]):
    malformed = metered[0].data.usage_events.with_suffix(".malformed")

    assert not malformed.exists() or malformed.read_bytes() == b""


def test_what_was_refused_or_failed_costs_nothing_unless_it_was_used(
    metered: tuple[Gateway, list[dict[str, Any]]],
):
    free = [event for event in metered[1] if event["outcome"] == "refused" and event["refusal"] != "answer_refused"]

    assert free
    assert [event for event in free if event["cost_nano_usd"] != 0] == []


def test_everything_that_was_served_has_a_price(metered: tuple[Gateway, list[dict[str, Any]]]):
    priced = ("chat", "messages", "responses", "embeddings")
    served = [event for event in metered[1] if event["outcome"] == "served" and event["api"] in priced]

    assert served
    assert [event for event in served if not event["cost_nano_usd"]] == []


def test_every_answer_of_the_gateway_has_its_event(gateway: Gateway, caller: Caller, http2_caller: Caller):
    counts = Counter(event["id"] for event in settled(gateway))

    asked = [seen for each in (caller, http2_caller) for seen in each.seen if seen.id]
    assert [seen for seen in asked if counts[seen.id] != 1] == []


def test_every_answer_of_the_lab_has_its_event(lab_server: Lab):
    counts = Counter(event["id"] for event in settled(lab_server.gateway))

    assert [seen for seen in lab_server.caller.seen if seen.id and counts[seen.id] != 1] == []
