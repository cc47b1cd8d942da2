"""Streams flow: what the provider has sent, the client has, while the rest is not even written yet.

The provider holds its second half back until the test has read the first, so no clock is involved.
"""

import threading
from typing import Any

import pytest

from gateway.conformance.kit.calls import Caller, encoded, read_what_comes
from gateway.conformance.kit.http1 import Wire, request
from gateway.conformance.kit.lab import Lab
from gateway.portkey_contract.recipes import MESSAGE_EVENTS, OPENAI_CHUNKS, RESPONSE_EVENTS
from gwctl.core.names import API_PATHS, Api
from support.gateway import Gateway
from support.processes import wait_until
from support.replay_provider import CUT, Answer

STREAMS: list[tuple[Api, str, list[Any]]] = [
    ("chat", "one", OPENAI_CHUNKS),
    ("messages", "claude", MESSAGE_EVENTS),
    ("responses", "one", RESPONSE_EVENTS),
]


@pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])
@pytest.mark.parametrize(("api", "model", "events"), STREAMS)
def test_the_first_event_arrives_before_the_second_is_sent(
    lab: Lab, api: Api, model: str, events: list[Any], *, http2: bool
):
    go_on = threading.Event()
    lab[model].on("*", Answer.sse([events[0], go_on, *events[1:]]))

    with Caller(lab.gateway, http2=http2) as caller, caller.stream(api, model) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        go_on.set()
        rest = b"".join(pieces)

    assert b"data:" in first
    assert len(rest) > 0


@pytest.mark.parametrize(("api", "model", "events"), STREAMS)
def test_every_event_arrives_on_its_own(lab: Lab, api: Api, model: str, events: list[Any]):
    gates = [threading.Event() for _ in events]
    lab[model].on("*", Answer.sse([piece for pair in zip(gates, events, strict=True) for piece in pair]))
    received: list[bytes] = []

    gates[0].set()
    with lab.caller.stream(api, model) as answer:
        pieces = answer.iter_raw()
        for gate in gates[1:]:
            received.append(next(pieces))
            gate.set()
        received.extend(pieces)

    assert len(received) >= len(events)


@pytest.mark.parametrize(("api", "model", "events"), STREAMS)
def test_a_stream_says_so_in_its_content_type(lab: Lab, api: Api, model: str, events: list[Any]):
    with lab.caller.stream(api, model) as answer:
        answer.read()

    assert answer.headers["content-type"].partition(";")[0] == "text/event-stream"


@pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])
def test_the_headers_arrive_before_the_first_event(lab: Lab, *, http2: bool):
    go_on = threading.Event()
    lab["one"].on(
        "*", Answer([b": a comment\n\n", go_on, b"data: [DONE]\n\n"], headers={"content-type": "text/event-stream"})
    )

    with Caller(lab.gateway, http2=http2) as caller, caller.stream("chat", "one") as answer:
        status = answer.status_code
        go_on.set()
        answer.read()

    assert status == 200


def test_the_client_that_leaves_does_not_disturb_the_next(lab: Lab):
    go_on = threading.Event()
    lab["one"].on("*", Answer.sse([OPENAI_CHUNKS[0], go_on, *OPENAI_CHUNKS[1:]]), Answer.sse(OPENAI_CHUNKS))

    with lab.caller.stream("chat", "one") as left:
        next(left.iter_raw())
    with lab.caller.stream("chat", "one") as answer:
        whole = answer.read()
    go_on.set()

    assert whole.endswith(b"data: [DONE]\n\n")


def test_many_streams_flow_at_the_same_time(lab: Lab):
    """Each has seen its first event before any gets its second."""
    count, go_on = 20, threading.Event()
    lab["one"].on("*", Answer.sse([OPENAI_CHUNKS[0], go_on, *OPENAI_CHUNKS[1:]]))
    firsts, wholes = threading.Semaphore(0), list[bytes]()

    def read() -> None:
        with Caller(lab.gateway, lab.gateway.token()) as caller, caller.stream("chat", "one") as answer:
            pieces = answer.iter_raw()
            first = next(pieces)
            firsts.release()
            wholes.append(first + b"".join(pieces))

    readers = [threading.Thread(target=read) for _ in range(count)]
    for reader in readers:
        reader.start()
    arrived = sum(firsts.acquire(timeout=10) for _ in range(count))
    go_on.set()
    for reader in readers:
        reader.join(10)

    assert arrived == count
    assert all(whole.endswith(b"data: [DONE]\n\n") for whole in wholes)


def test_a_large_event_arrives_whole(lab: Lab):
    text = "x" * 500_000
    chunk = {**OPENAI_CHUNKS[0], "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
    lab["one"].on("*", Answer.sse([chunk, *OPENAI_CHUNKS[1:]]))

    with lab.caller.stream("chat", "one") as answer:
        assert text.encode() in answer.read()


def test_a_long_stream_arrives_whole(lab: Lab):
    lab["one"].on("*", Answer.sse([*[OPENAI_CHUNKS[0]] * 3_000, *OPENAI_CHUNKS[1:]]))

    with lab.caller.stream("chat", "one") as answer:
        assert answer.read().count(b"data:") == 3_000 + len(OPENAI_CHUNKS[1:])


def test_a_slow_reader_gets_everything(lab: Lab):
    """It does not read until the provider has written all it can: the rest waits, nothing is lost."""
    count = 3_000
    lab["one"].on("*", Answer.sse([*[OPENAI_CHUNKS[0]] * count, *OPENAI_CHUNKS[1:]]))

    with lab.caller.stream("chat", "one") as answer:
        first = next(pieces := answer.iter_raw())
        lab["one"].last.answered.wait(1)
        whole = first + b"".join(pieces)

    assert whole.count(b"data:") == count + len(OPENAI_CHUNKS[1:])


def test_a_stream_that_the_provider_cuts_ends(lab: Lab):
    lab["one"].on("*", Answer.sse([OPENAI_CHUNKS[0], CUT]))

    with lab.caller.stream("chat", "one") as answer:
        received = read_what_comes(answer)

    assert b"[DONE]" not in received


def test_usage_is_asked_for_though_the_client_did_not(lab: Lab):
    with lab.caller.stream("chat", "one") as answer:
        answer.read()

    assert lab["one"].last.json["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("options", [{"include_usage": False}, {}], ids=repr)
def test_usage_is_asked_for_though_the_client_does_not_want_it(lab: Lab, options: dict[str, bool]):
    with lab.caller.stream("chat", "one", stream_options=options) as answer:
        answer.read()

    assert lab["one"].last.json["stream_options"]["include_usage"] is True


def test_a_plain_call_is_not_asked_for_stream_usage(lab: Lab):
    lab.caller.ask("chat", "one")

    assert "stream_options" not in lab["one"].last.json


def test_a_stream_over_pipelined_connections_keeps_its_place(gateway: Gateway):
    headers = [("authorization", f"Bearer {gateway.token()}"), ("content-type", "application/json")]
    streamed = request(API_PATHS["chat"], headers, encoded("chat", stream=True))
    plain = request(API_PATHS["chat"], headers, encoded("chat"))

    with Wire(gateway.url) as wire:
        wire.send(streamed + plain)
        first, second = wire.answer(), wire.answer()

    assert first is not None
    assert first.text.endswith("data: [DONE]\n\n")
    assert second is not None
    assert second.json()["object"] == "chat.completion"


def test_a_client_that_hangs_up_is_logged_as_gone_and_the_provider_is_told(lab: Lab):
    go_on = threading.Event()
    lab["one"].on("*", Answer.sse([OPENAI_CHUNKS[0], go_on, *OPENAI_CHUNKS[1:]]))

    with Caller(lab.gateway) as caller, caller.stream("chat", "one") as answer:
        next(answer.iter_raw())
    event = lab.caller.event(answer)
    wait_until(lab["one"].last.hung_up.is_set, "the provider to be hung up on")
    go_on.set()

    assert (event["outcome"], event["estimated"]) == ("cut", "client_left")
    assert not lab["one"].last.answered.is_set()
