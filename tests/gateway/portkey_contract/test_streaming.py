"""Streams: nothing is held back or changed, and two ways in which their end misleads."""

import threading
from typing import Any

import pytest

from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import (
    MESSAGE_EVENTS,
    OPENAI_CHUNKS,
    PATHS,
    RESPONSE_EVENTS,
    Config,
    anthropic,
    azure,
    bedrock,
    openai,
)
from support.processes import wait_until
from support.replay_provider import CUT, Answer, ReplayProvider

FAITHFUL = [
    pytest.param("chat", openai, OPENAI_CHUNKS, id="chat"),
    pytest.param("messages", anthropic, MESSAGE_EVENTS, id="messages"),
    pytest.param("responses", openai, RESPONSE_EVENTS, id="responses"),
]


def config_for(build: Any, provider: ReplayProvider) -> Config:
    return build(provider.url)


def raw(events: list[Any]) -> bytes:
    return b"".join(piece for piece in Answer.sse(events).pieces if isinstance(piece, bytes))


@pytest.mark.parametrize(("api", "build", "events"), FAITHFUL)
def test_the_first_event_arrives_before_the_provider_has_finished(
    portkey: Portkey, provider: ReplayProvider, api: str, build: Any, events: list[Any]
):
    go_on = threading.Event()
    provider.on(PATHS[api], Answer.sse([events[0], go_on, *events[1:]]))

    with portkey.stream(api, config_for(build, provider)) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        finished = provider.last.answered.is_set()
        go_on.set()
        rest = b"".join(pieces)

    assert (first, finished) == (raw(events[:1]), False)
    assert rest == raw(events[1:])


@pytest.mark.parametrize(("api", "build", "events"), FAITHFUL)
def test_events_arrive_byte_for_byte(
    portkey: Portkey, provider: ReplayProvider, api: str, build: Any, events: list[Any]
):
    sent = raw(events)
    halves = [sent[: len(sent) // 2], sent[len(sent) // 2 :]]
    provider.on(PATHS[api], Answer.sse(halves))

    with portkey.stream(api, config_for(build, provider)) as answer:
        received = answer.read()

    assert received == sent
    assert answer.headers["content-type"] == "text/event-stream"


def test_bedrock_frames_arrive_one_by_one_as_server_sent_events(portkey: Portkey, provider: ReplayProvider):
    go_on = threading.Event()
    text = {"contentBlockIndex": 0, "delta": {"text": "hello"}}
    provider.on("*", Answer.aws_stream([("contentBlockDelta", text), go_on, ("messageStop", {"stopReason": "stop"})]))

    with portkey.stream("chat", bedrock(provider.url)) as answer:
        first = next(answer.iter_raw())
        finished = provider.last.answered.is_set()
        go_on.set()

    assert (b'"content":"hello"' in first, finished) == (True, False)
    assert answer.headers["content-type"] == "text/event-stream"


def test_events_that_end_in_crlf_are_held_back_until_the_end(portkey: Portkey, provider: ReplayProvider):
    """Some OpenAI-like servers write CRLF; Portkey looks for two bare line feeds."""
    go_on = threading.Event()
    provider.on(PATHS["chat"], Answer.sse([b'data: {"n": 1}\r\n\r\n', go_on, b"data: [DONE]\r\n\r\n"]))
    received: list[bytes] = []

    def read() -> None:
        with portkey.stream("chat", openai(provider.url)) as answer:
            received.extend(answer.iter_raw())

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(0.2)
    early = list(received)
    go_on.set()
    reader.join(5)

    assert (early, received) == ([], [b'data: {"n": 1}\r\n\r\ndata: [DONE]\r\n\r\n'])


@pytest.mark.parametrize(("api", "build", "events"), FAITHFUL)
def test_a_stream_that_the_provider_cuts_looks_complete(
    portkey: Portkey, provider: ReplayProvider, api: str, build: Any, events: list[Any]
):
    """The client reads an orderly end: only the missing last event tells. Metering has to look for it."""
    provider.on(PATHS[api], Answer.sse([events[0], CUT]))

    with portkey.stream(api, config_for(build, provider)) as answer:
        received = answer.read()

    assert received == raw(events[:1])


def test_a_throttled_bedrock_stream_looks_like_a_normal_stop(portkey: Portkey, provider: ReplayProvider):
    provider.on("*", Answer.aws_stream([("throttlingException", {"message": "Too many tokens"})]))

    with portkey.stream("chat", bedrock(provider.url)) as answer:
        received = answer.read()

    assert b'"finish_reason":"stop"' in received
    assert received.endswith(b"data: [DONE]\n\n")
    assert b"Too many tokens" not in received


def test_an_error_in_an_anthropic_stream_becomes_a_finish_reason_in_chat(portkey: Portkey, provider: ReplayProvider):
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    provider.on("*", Answer.sse([MESSAGE_EVENTS[0], error]))

    with portkey.stream("chat", anthropic(provider.url)) as answer:
        received = answer.read()

    assert b'"finish_reason":"overloaded_error"' in received


def test_the_provider_is_not_told_when_the_client_hangs_up(portkey: Portkey, provider: ReplayProvider):
    """It generates to the end and bills for it, so what went over the wire is no upper bound of the cost."""
    go_on = threading.Event()
    provider.on(PATHS["chat"], Answer.sse([OPENAI_CHUNKS[0], go_on, *OPENAI_CHUNKS]), Answer.sse(["[DONE]"]))

    with portkey.stream("chat", openai(provider.url)) as answer:
        next(answer.iter_raw())
    abandoned = provider.last
    with portkey.stream("chat", openai(provider.url)) as later:
        later.read()
    told = abandoned.hung_up.wait(0.2)
    go_on.set()

    assert not told
    wait_until(abandoned.answered.is_set, "the provider to send everything")


def test_a_request_that_times_out_is_hung_up_on(portkey: Portkey, provider: ReplayProvider):
    provider.on(PATHS["chat"], Answer.held(threading.Event()))

    portkey.ask("chat", openai(provider.url, request_timeout=50))

    wait_until(provider.last.hung_up.is_set, "the provider to notice")


@pytest.mark.parametrize("stream", ["true", 1], ids=repr)
def test_only_the_boolean_true_asks_for_a_stream(portkey: Portkey, provider: ReplayProvider, stream: Any):
    """Anything else goes to the provider as it is; if that streams, the answer is lost in a 500."""
    provider.on(PATHS["chat"], Answer.sse(OPENAI_CHUNKS))

    answer = portkey.ask("chat", openai(provider.url), {"model": "m", "messages": [], "stream": stream})

    assert (answer.status_code, provider.last.json["stream"]) == (500, stream)


@pytest.mark.parametrize(("api", "build"), [("chat", openai), ("chat", azure), ("messages", anthropic)])
def test_an_error_before_the_stream_is_plain_json(portkey: Portkey, provider: ReplayProvider, api: str, build: Any):
    error = {"error": {"type": "rate_limit_error", "message": "slow down"}}
    provider.on("*", Answer.json(error, status=429, headers={"retry-after": "7"}))

    with portkey.stream(api, config_for(build, provider)) as answer:
        answer.read()

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["type"] == "rate_limit_error"


def test_errors_of_messages_come_in_the_shape_of_openai(portkey: Portkey, provider: ReplayProvider):
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    provider.on(PATHS["messages"], Answer.json(overloaded, status=529))

    answer = portkey.ask("messages", anthropic(provider.url))

    assert answer.status_code == 529
    assert answer.json() == {
        "error": {
            "message": "anthropic error: Overloaded",
            "type": "overloaded_error",
            "param": None,
            "code": None,
        },
        "provider": "anthropic",
    }
