"""What a provider refuses or gets wrong: the client sees one of our errors, in the shape of the path."""

import threading

import pytest

from gateway.conformance.kit.calls import ANTHROPIC, STREAMED, Caller, body
from gateway.conformance.kit.lab import Lab
from gateway.conformance.kit.shapes import Shape, assert_refused
from gwctl.core.names import API_PATHS, Api
from support.replay_provider import CUT, Answer

PATIENCE_SECONDS = 6.0
"""For answers that must not hang: much more than the second that the impatient routes allow each of their targets."""


def shape_of(api: Api) -> Shape:
    return "anthropic" if api in ANTHROPIC else "openai"


SAMPLE_FAULTS: list[tuple[Api, str, int]] = [
    ("chat", "sample-429", 429),
    ("chat", "sample-500", 500),
    ("chat", "sample-overloaded", 503),
    ("messages", "sample-429", 429),
    ("messages", "sample-500", 500),
    ("messages", "sample-overloaded", 529),
    ("count_tokens", "sample-429", 429),
    ("count_tokens", "sample-500", 500),
    ("responses", "sample-429", 429),
    ("responses", "sample-500", 500),
    ("embeddings", "sample-429", 429),
    ("embeddings", "sample-500", 500),
]


@pytest.mark.parametrize(("api", "model", "status"), SAMPLE_FAULTS)
def test_what_the_provider_refuses_has_the_shape_of_the_path(caller: Caller, api: Api, model: str, status: int):
    caller.gateway.require_local()

    assert_refused(caller.ask(api, model), status, shape_of(api))


@pytest.mark.parametrize(
    ("api", "model", "status"), [case for case in SAMPLE_FAULTS if case[0] in ("chat", "messages", "responses")]
)
def test_a_stream_that_the_provider_refuses_is_a_plain_refusal(caller: Caller, api: Api, model: str, status: int):
    caller.gateway.require_local()

    assert_refused(caller.ask(api, model, stream=True), status, shape_of(api))


@pytest.mark.parametrize("api", STREAMED)
def test_a_429_says_when_to_come_back(caller: Caller, api: Api):
    caller.gateway.require_local()

    assert caller.ask(api, "sample-429").headers["retry-after"] == "1"


ODD_ANSWERS: dict[str, tuple[Answer, int]] = {
    "HTML": (Answer([b"<html>nginx at /tmp/x</html>"], 502, {"content-type": "text/html"}, chunked=False), 502),
    "empty 500": (Answer([b""], 500, chunked=False), 500),
    "empty 404": (Answer([b""], 404, chunked=False), 404),
    "no JSON": (Answer([b"upstream connect error"], 503, {"content-type": "application/json"}, chunked=False), 500),
    "JSON without error": (Answer.json({"detail": "no"}, 422), 422),
    "error is text": (Answer.json({"error": "no"}, 400), 400),
    "error is a list": (Answer.json({"error": ["no"]}, 400), 400),
    "message is null": (Answer.json({"error": {"message": None, "type": None}}, 400), 400),
    "list": (Answer.json([], 500), 500),
    "unknown status": (
        Answer.json({"error": {"message": "a teapot it is", "type": "invalid_request_error"}}, 418),
        418,
    ),
    "cut": (Answer([CUT]), 500),
}


NOT_PORTKEYS_WORDS = {"no JSON": 503, "cut": 503}
"""Where Portkey says 500, the edge says what the provider did, and that there was no answer."""


@pytest.mark.parametrize(("model", "api"), [("one", "chat"), ("claude", "messages"), ("one", "responses")])
@pytest.mark.parametrize("name", ODD_ANSWERS)
def test_an_odd_answer_of_a_provider_becomes_an_error_in_shape(lab: Lab, model: str, api: Api, name: str):
    reply, status = ODD_ANSWERS[name]
    if lab.lane == "express":
        status = NOT_PORTKEYS_WORDS.get(name, status)
    lab[model].on("*", reply)

    assert_refused(lab.caller.ask(api, model), status, shape_of(api))


@pytest.mark.parametrize(
    ("model", "api"),
    [
        ("one", "chat"),
        ("claude", "messages"),
        ("one", "responses"),
        # Portkey would wait for the rest of these for ever, so they take a route that allows a second.
        ("impatient-alone", "embeddings"),
        ("claude-impatient", "count_tokens"),
    ],
)
def test_a_plain_answer_that_the_provider_cuts_is_an_error_in_shape(lab: Lab, model: str, api: Api):
    cut = Answer([b'{"id":', CUT], headers={"content-type": "application/json"})
    for provider in lab.providers.values():
        provider.on("*", cut)

    answer = lab.caller.client.post(
        API_PATHS[api], json=body(api, model), headers=lab.gateway.headers(), timeout=PATIENCE_SECONDS
    )

    assert answer.status_code >= 500
    assert_refused(answer, answer.status_code, shape_of(api))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(("model", "api"), [("one", "chat"), ("claude", "messages")])
def test_a_provider_that_refuses_our_key_is_our_fault(lab: Lab, model: str, api: Api, status: int):
    """A client that saw 401 would fetch a new token, again and again."""
    said = {"error": {"message": f"Incorrect API key provided: {lab.canaries[model]}", "type": "authentication_error"}}
    lab[model].on("*", Answer.json(said, status))

    answer = lab.caller.ask(api, model)

    assert_refused(answer, 502, shape_of(api))
    assert lab.canaries[model] not in answer.text


@pytest.mark.parametrize("streamed", [False, True])
def test_a_provider_that_cannot_be_reached_is_a_server_error(lab: Lab, *, streamed: bool):
    answer = lab.caller.ask("chat", "dead", stream=streamed)

    assert answer.status_code >= 500
    assert_refused(answer, answer.status_code)


def test_a_provider_that_is_too_slow_is_a_refusal_in_shape(lab: Lab):
    lab["one"].on("*", Answer.held(threading.Event()))

    answer = lab.caller.ask("chat", "impatient-alone")

    assert answer.status_code in {408, 504}
    assert_refused(answer, answer.status_code)
