"""When the first target fails, the second one serves: the client sees nothing of it, the usage event names it."""

import threading
from typing import Any

import pytest

from gateway.conformance.kit.calls import Caller
from gateway.conformance.kit.lab import Lab
from gateway.conformance.kit.shapes import assert_nothing_leaks
from gwctl.core.names import Api
from support.gateway import Gateway
from support.replay_provider import CUT, Answer

ROUTES: list[tuple[Api, str, str, str]] = [
    # API, route, its first and its second provider
    ("chat", "fall", "one", "two"),
    ("responses", "fall", "one", "two"),
    ("embeddings", "fall", "one", "two"),
    ("messages", "claude-fall", "claude", "claude-two"),
    ("chat", "claude-fall", "claude", "claude-two"),
]
STREAMED_ROUTES = [each for each in ROUTES if each[0] != "embeddings"]


def failing(status: int) -> Answer:
    return Answer.json({"error": {"message": f"failed with {status}", "type": "server_error"}}, status)


def bounded(api: Api) -> dict[str, Any]:
    """Anthropic's API wants a limit; nobody else minds."""
    return {"max_tokens": 50} if api == "chat" else {}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
@pytest.mark.parametrize(("api", "route", "first", "second"), ROUTES)
def test_the_second_target_serves_when_the_first_fails(
    lab: Lab, api: Api, route: str, first: str, second: str, status: int
):
    lab[first].on("*", failing(status))

    answer = lab.caller.ask(api, route, **bounded(api))

    assert answer.status_code == 200, answer.text
    assert_nothing_leaks(answer)
    event = lab.caller.event(answer)
    assert (event["provider"], event["target_model"], event["outcome"]) == (second, f"real-{second}", "served")


@pytest.mark.parametrize("status", [429, 500])
@pytest.mark.parametrize(("api", "route", "first", "second"), STREAMED_ROUTES)
def test_the_second_target_streams_when_the_first_fails(
    lab: Lab, api: Api, route: str, first: str, second: str, status: int
):
    lab[first].on("*", failing(status))

    with lab.caller.stream(api, route, **bounded(api)) as answer:
        text = answer.read()

    assert answer.status_code == 200, text
    assert b"data:" in text
    event = lab.caller.event(answer)
    assert (event["provider"], event["estimated"], event["outcome"]) == (second, False, "served")


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(
    ("api", "route", "first", "second"),
    [("chat", "impatient", "one", "two"), ("messages", "claude-impatient", "claude", "claude-two")],
)
def test_the_second_target_serves_when_the_first_is_too_slow(
    lab: Lab, api: Api, route: str, first: str, second: str, *, streamed: bool
):
    """The route allows a second for an answer to begin."""
    lab[first].on("*", Answer.held(threading.Event()))

    answer = lab.caller.ask(api, route, stream=streamed)

    assert answer.status_code == 200, answer.text
    assert lab.caller.event(answer)["provider"] == second


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_the_second_target_serves_when_the_first_cannot_be_reached(lab: Lab, *, streamed: bool):

    answer = lab.caller.ask("chat", "rescued", stream=streamed)

    assert answer.status_code == 200, answer.text
    assert lab.caller.event(answer)["provider"] == "two"


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_the_second_target_serves_when_the_first_hangs_up(lab: Lab, *, streamed: bool):
    lab["one"].on("*", Answer([CUT]))

    answer = lab.caller.ask("chat", "fall", stream=streamed)

    assert answer.status_code == 200, answer.text
    assert lab.caller.event(answer)["provider"] == "two"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_fault_of_the_caller_is_not_tried_elsewhere(lab: Lab, status: int):
    """Another provider would say the same, and the caller would pay for the time."""
    lab["one"].on("*", failing(status))

    lab.caller.ask("chat", "fall")

    assert lab["two"].requests == []


def test_each_target_gets_its_own_model_and_key(lab: Lab):
    lab["one"].on("*", failing(500))

    lab.caller.ask("chat", "fall")

    asked = [(lab[name].last.model, lab[name].last.headers["authorization"]) for name in ("one", "two")]
    assert asked == [(f"real-{name}", f"Bearer {lab.canaries[name]}") for name in ("one", "two")]


def test_when_all_targets_fail_the_last_ones_answer_counts(lab: Lab):
    lab["one"].on("*", failing(500))
    lab["two"].on(
        "*", Answer.json({"error": {"message": "all too much", "type": "requests"}}, 429, {"retry-after": "9"})
    )

    answer = lab.caller.ask("chat", "fall")

    assert (answer.status_code, answer.headers.get("retry-after")) == (429, "9")
    assert answer.json()["error"]["message"] == "all too much"


def test_when_all_targets_fail_it_costs_nothing(lab: Lab):
    lab["one"].on("*", failing(500))
    lab["two"].on("*", failing(503))

    answer = lab.caller.ask("chat", "fall")

    event = lab.caller.event(answer)
    assert (event["outcome"], event["cost_nano_usd"]) == ("failed", 0)


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_the_sample_policys_fallback_serves(gateway: Gateway, caller: Caller, *, streamed: bool):
    gateway.require_local()

    answer = caller.ask("chat", "sample-fallback", stream=streamed)

    assert answer.status_code == 200
    event = caller.event(answer)
    assert (event["target_model"], event["gen_ai.usage.input_tokens"]) == ("sample-gpt", 4)
