"""HTTP/2, with and without tricks, and many requests on one HTTP/1.1 connection."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from gateway.conformance.kit.calls import APIS, PROMPT, STREAMED, Caller, encoded, needs_sample
from gateway.conformance.kit.http1 import Header, Wire, request
from gateway.conformance.kit.http2 import Http2Wire
from gateway.conformance.kit.lab import Lab
from gateway.conformance.kit.shapes import assert_nothing_leaks, assert_refused
from gwctl.core.names import API_PATHS, Api
from support.gateway import Gateway

CHAT = API_PATHS["chat"]
STREAMS = 60
"""At once on one connection; the edge allows 100."""


def usual(gateway: Gateway) -> list[Header]:
    return [("authorization", f"Bearer {gateway.token()}"), ("content-type", "application/json")]


def said(answer: httpx.Response) -> str:
    """What the sample provider repeats at the end of its answer."""
    return answer.json()["choices"][0]["message"]["content"].partition("was: ")[2]


# --- one connection, many requests ---


@needs_sample
@pytest.mark.parametrize("api", APIS)
def test_http2_serves_what_http1_serves(caller: Caller, http2_caller: Caller, api: Api):
    one, two = caller.ask(api), http2_caller.ask(api)

    assert (two.http_version, two.status_code) == ("HTTP/2", 200)
    assert two.json() == one.json()


@needs_sample
@pytest.mark.parametrize("api", STREAMED)
def test_http2_streams_what_http1_streams(caller: Caller, http2_caller: Caller, api: Api):
    with caller.stream(api) as one, http2_caller.stream(api) as two:
        assert two.read() == one.read()


@needs_sample
def test_pipelined_requests_are_answered_in_order(gateway: Gateway):
    texts = [f"number{index}" for index in range(20)]
    bodies = [encoded("chat", messages=[{"role": "user", "content": text}]) for text in texts]

    with Wire(gateway.url) as wire:
        wire.send(b"".join(request(CHAT, usual(gateway), body) for body in bodies))
        answers = [wire.answer() for _ in texts]

    assert [said(answer) for answer in answers if answer] == texts


def test_pipelined_refusals_do_not_shift_the_answers(gateway: Gateway):
    good = request(CHAT, usual(gateway), encoded("chat"))
    missing = request("/v1/nothing", usual(gateway), encoded("chat"))
    unknown = request(CHAT, usual(gateway), encoded("chat", "no-such-model"))

    with Wire(gateway.url) as wire:
        wire.send(good + missing + good + unknown + good)
        answers = [wire.answer() for _ in range(5)]

    assert [answer.status_code for answer in answers if answer] == [200, 404, 200, 404, 200]


def test_each_pipelined_request_needs_its_own_token(gateway: Gateway):
    with Wire(gateway.url) as wire:
        wire.send(request(CHAT, usual(gateway), encoded("chat")) + request(CHAT, usual(gateway)[1:], b""))
        answers = [wire.answer(), wire.answer()]

    assert [answer.status_code for answer in answers if answer] == [200, 401]


@needs_sample
def test_many_streams_on_one_connection_get_their_own_answers(gateway: Gateway):
    texts = [f"number{index}" for index in range(STREAMS)]

    with Http2Wire(gateway.url) as wire:
        bodies = [encoded("chat", messages=[{"role": "user", "content": text}]) for text in texts]
        streams = [wire.send(CHAT, usual(gateway), body) for body in bodies]
        answers = [wire.answer(stream) for stream in streams]

    assert [said(answer) for answer in answers if answer] == texts


def test_each_stream_needs_its_own_token(gateway: Gateway):
    with Http2Wire(gateway.url) as wire:
        good = wire.send(CHAT, usual(gateway), encoded("chat"))
        bad = wire.send(CHAT, usual(gateway)[1:], encoded("chat"))
        answers = [wire.answer(good), wire.answer(bad)]

    assert [answer.status_code for answer in answers if answer] == [200, 401]


@needs_sample
def test_clients_on_many_connections_get_their_own_answers(gateway: Gateway):
    def ask(text: str) -> str:
        with Caller(gateway, gateway.token()) as caller:
            return said(caller.ask("chat", messages=[{"role": "user", "content": text}]))

    texts = [f"number{index}" for index in range(30)]

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(ask, texts)) == texts


# --- tricks that only HTTP/2 knows ---


def pseudo(**changes: str) -> list[Header]:
    """The four pseudo headers; an empty change takes one away."""
    usual = {":method": "POST", ":path": CHAT, ":scheme": "http", ":authority": "gateway"}
    merged = usual | {f":{name}": value for name, value in changes.items()}
    return [(name, value) for name, value in merged.items() if value]


AMBIGUOUS: dict[str, list[Header]] = {
    "transfer-encoding": [("transfer-encoding", "chunked")],
    "connection": [("connection", "keep-alive")],
    "upgrade": [("upgrade", "websocket")],
    "capitals in a name": [("X-Portkey-Config", "{}")],
    "line end in a value": [("x-a", "b\r\nx-portkey-config: {}")],
    "line feed in a value": [("x-a", "b\nx-portkey-config: {}")],
    "NUL in a value": [("x-a", "b\0c")],
    "line end in a name": [("x-a: b\r\nx-portkey-config", "{}")],
    "space in a name": [("x a", "b")],
    "colon in a name": [("x:a", "b")],
    "no name": [("", "b")],
    "length too short": [("content-length", "1")],
    "length too long": [("content-length", "100000")],
    "two lengths": [("content-length", "1"), ("content-length", "2")],
    "length is no number": [("content-length", "x")],
    "pseudo header among the others": [(":path", "/v1/proxy/x")],
    "protocol without CONNECT": [(":protocol", "websocket")],
    "pseudo header of an answer": [(":status", "200")],
    "unknown pseudo header": [(":unknown", "x")],
    "too much": [("x-a", "b" * 70_000)],
}
"""Headers that would mean something else to a server that speaks HTTP/1.1 behind."""

ODD: dict[str, dict[str, str]] = {
    "other path": {"path": "/v1/proxy/x"},
    "dots": {"path": "/v1/chat/../proxy/x"},
    "line end in the path": {"path": f"{CHAT} HTTP/1.1\r\nx: y"},
    "space in the path": {"path": f"{CHAT} x"},
    "NUL in the path": {"path": f"{CHAT}\0"},
    "no path": {"path": ""},
    "asterisk": {"path": "*"},
    "no slash": {"path": "v1/chat/completions"},
    "absolute path": {"path": f"http://gateway{CHAT}"},
    "fragment": {"path": f"{CHAT}#/../x"},
    "no method": {"method": ""},
    "line end in the method": {"method": "POST /v1/proxy/x HTTP/1.1\r\nx: y"},
    "connect": {"method": "CONNECT"},
    "a websocket": {"method": "CONNECT", "path": "/v1/realtime", "protocol": "websocket"},
    "no scheme": {"scheme": ""},
    "a made-up scheme": {"scheme": "http://x/?"},
    "line end in the authority": {"authority": "a\r\nx: y"},
    "path in the authority": {"authority": "user@gateway/v1/proxy"},
}
"""Pseudo headers that no client would send."""


@dataclass(frozen=True)
class Tricks:
    """What came of the cases above, by name; `forwarded` counts what went on to Portkey meanwhile."""

    answers: dict[str, httpx.Response | None]
    forwarded: int


@pytest.fixture(scope="module")
def tricks(lab_server: Lab) -> Tricks:
    """All at once, each on a connection of its own: Envoy closes a bad one only after a second."""
    cases = {name: [*pseudo(), *usual(lab_server.gateway), *more] for name, more in AMBIGUOUS.items()}
    cases |= {name: [*pseudo(**changes), *usual(lab_server.gateway)] for name, changes in ODD.items()}

    def ask(headers: list[Header]) -> httpx.Response | None:
        with Http2Wire(lab_server.gateway.url) as wire:
            return wire.answer(wire.send_raw(headers, encoded("chat", "one")))

    before = lab_server.forwarded()
    with ThreadPoolExecutor(len(cases)) as pool:
        answers = dict(zip(cases, pool.map(ask, cases.values()), strict=True))
    return Tricks(answers, lab_server.forwarded() - before)


@pytest.mark.parametrize("name", [*AMBIGUOUS, *ODD])
def test_what_would_mean_something_else_in_http1_is_refused(tricks: Tricks, name: str):
    answer = tricks.answers[name]

    assert answer is None or 400 <= answer.status_code < 500, answer.text


def test_what_would_mean_something_else_in_http1_does_not_reach_portkey(tricks: Tricks):
    assert tricks.forwarded == 0


def test_trailers_do_not_become_headers(lab: Lab):
    trailers = [("x-portkey-config", "{}"), ("authorization", "Bearer x"), ("x-gw-route", "two")]

    with Http2Wire(lab.gateway.url) as wire:
        answer = wire.answer(wire.send(CHAT, usual(lab.gateway), encoded("chat", "one"), trailers=trailers))

    assert answer is not None
    assert answer.status_code == 200
    assert "portkey" not in str(lab["one"].last.headers).lower()
    assert lab["one"].last.headers["authorization"] == f"Bearer {lab.canaries['one']}"


def test_a_cookie_in_pieces_is_not_passed_on(lab: Lab):
    pieces = [("cookie", "a=1"), ("cookie", "x-portkey-config={}")]

    with Http2Wire(lab.gateway.url) as wire:
        wire.answer(wire.send(CHAT, [*usual(lab.gateway), *pieces], encoded("chat", "one")))

    assert "cookie" not in lab["one"].last.headers


def test_a_connection_survives_a_refusal(gateway: Gateway):
    with Http2Wire(gateway.url) as wire:
        refused = wire.answer(wire.send("/v1/nothing", usual(gateway), b"{}"))
        served = wire.answer(wire.send(CHAT, usual(gateway), encoded("chat")))

    assert_refused(refused, 404)
    assert served is not None
    assert served.status_code == 200
    assert_nothing_leaks(served)


@needs_sample
def test_a_stream_that_the_client_resets_leaves_the_others_alone(gateway: Gateway):
    with Caller(gateway, http2=True) as caller:
        with caller.stream("chat", "sample-gpt") as abandoned:
            next(abandoned.iter_raw())
        answer = caller.ask("chat")

    assert json.loads(answer.text)["choices"][0]["message"]["content"].endswith(PROMPT)
