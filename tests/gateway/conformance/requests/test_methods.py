"""Methods other than the one of the path, and attempts to make something else of the connection."""

import json

import httpx
import pytest

from gateway.conformance.kit.calls import APIS, encoded
from gateway.conformance.kit.http1 import Header, Wire, exchange, request
from gateway.conformance.kit.lab import Lab
from gateway.conformance.kit.shapes import assert_nothing_leaks, assert_refused
from gwctl.core.names import API_PATHS, Api
from support.gateway import Gateway

METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
CHAT = API_PATHS["chat"]


def usual(gateway: Gateway) -> list[Header]:
    return [("authorization", f"Bearer {gateway.token()}"), ("content-type", "application/json")]


def ask(gateway: Gateway, method: str, target: str = CHAT, *more: Header, body: bytes = b"") -> httpx.Response | None:
    data = request(target, [*usual(gateway), *more], body, method=method)
    return exchange(gateway.url, data, to_head=method == "HEAD")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("method", [each for each in METHODS if each != "HEAD"])
def test_another_method_is_not_allowed(gateway: Gateway, method: str, api: Api):
    answer = ask(gateway, method, API_PATHS[api], body=encoded(api))

    shape = "anthropic" if api in ("messages", "count_tokens") else "openai"
    assert_refused(answer, 405, shape, "method_not_allowed")


@pytest.mark.parametrize("target", [*API_PATHS.values(), "/v1/models", "/nothing"])
def test_a_head_has_no_body(gateway: Gateway, target: str):
    with Wire(gateway.url) as wire:
        wire.send(request(target, usual(gateway), method="HEAD"))
        answer = wire.answer(to_head=True)
        wire.send(request("/v1/models", usual(gateway), method="GET"))
        next_one = wire.answer()

    assert answer is not None
    assert answer.status_code in {404, 405}
    assert next_one is not None
    assert next_one.status_code == 200  # and not the rest of a body


def test_a_trace_repeats_no_header(gateway: Gateway):
    answer = ask(gateway, "TRACE", CHAT, ("x-canary", "tweet"))

    assert answer is not None
    assert "tweet" not in f"{answer.headers}{answer.text}"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_models_can_only_be_read(gateway: Gateway, method: str):
    assert_refused(ask(gateway, method, "/v1/models"), 405, code="method_not_allowed")


@pytest.mark.parametrize(
    "name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL"]
)
def test_a_header_overrides_neither_method_nor_path(lab: Lab, name: str):
    value = "/v1/proxy/x" if name.endswith("URL") else "GET"

    answer = ask(lab.gateway, "POST", CHAT, (name, value), body=encoded("chat", "one"))

    assert answer is not None
    assert answer.status_code == 200
    assert [(each.method, each.path) for each in lab["one"].requests] == [("POST", CHAT)]


@pytest.mark.parametrize("method", ["post", "Post", "FOO", "GETT", "PROPFIND", "PO ST", "P@ST", ""])
def test_a_method_that_does_not_exist_is_refused(gateway: Gateway, method: str):
    answer = ask(gateway, method, body=encoded("chat"))

    assert answer is not None
    assert answer.status_code in {400, 405}, answer.text
    assert_nothing_leaks(answer)


# --- CONNECT and upgrades ---


@pytest.mark.parametrize("target", ["evil.example:443", "127.0.0.1:22", "gateway:80", "[::1]:80", CHAT, "/", "*", "x"])
def test_the_gateway_is_no_tunnel(gateway: Gateway, target: str):
    with Wire(gateway.url) as wire:
        answer = wire.send(request(target, usual(gateway), method="CONNECT")).answer()

    assert answer is not None
    assert 400 <= answer.status_code < 500, answer.text
    assert_nothing_leaks(answer)


def test_a_tunnel_reaches_nobody(lab: Lab):
    authority = lab.stranger.url.removeprefix("http://")

    with Wire(lab.gateway.url) as wire:
        wire.send(request(authority, usual(lab.gateway), method="CONNECT", host=authority))
        wire.answer()
        wire.send(request("/tunnelled", method="GET", host=authority))
        wire.answer()

    assert lab.stranger.requests == []


WEBSOCKET: list[Header] = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),  # gitleaks:allow the example of RFC 6455
    ("sec-websocket-version", "13"),
]


@pytest.mark.parametrize("target", [*API_PATHS.values(), "/v1/realtime", "/v1/models"])
def test_a_connection_does_not_become_a_websocket(gateway: Gateway, target: str):
    answer = ask(gateway, "GET", target, *WEBSOCKET)

    assert answer is not None
    assert 400 <= answer.status_code < 500, answer.text
    assert_nothing_leaks(answer)


@pytest.mark.parametrize("protocol", ["websocket", "TLS/1.2", "HTTP/2.0", "foo", "websocket, h2c"])
def test_a_post_with_an_upgrade_does_not_reach_portkey(lab: Lab, protocol: str):
    before = lab.forwarded()

    answer = ask(
        lab.gateway, "POST", CHAT, ("connection", "Upgrade"), ("upgrade", protocol), body=encoded("chat", "one")
    )

    assert answer is not None
    assert answer.status_code == 403
    assert_refused(answer, 403, code="upgrade_refused")
    assert lab.forwarded() == before


def test_an_upgrade_to_h2c_is_ignored(lab: Lab):
    """RFC 9110, section 7.8: a server may ignore it. What follows is still HTTP/1.1 and still checked."""
    settings = [("connection", "Upgrade, HTTP2-Settings"), ("upgrade", "h2c"), ("http2-settings", "AAMAAABkAAQAAP__")]

    with Wire(lab.gateway.url) as wire:
        wire.send(request(CHAT, [*usual(lab.gateway), *settings], encoded("chat", "one")))
        answer = wire.answer()
        wire.send(request("/v1/proxy/x", usual(lab.gateway), b"{}"))
        next_one = wire.answer()

    assert answer is not None
    assert answer.status_code == 200
    assert next_one is not None
    assert next_one.status_code == 404
    assert "upgrade" not in lab["one"].last.headers
    assert "http2-settings" not in lab["one"].last.headers


@pytest.mark.parametrize("expected", ["100-continue", "100-Continue"])
def test_a_client_that_waits_to_be_told_to_go_on_is_told(gateway: Gateway, expected: str):
    body = encoded("chat")
    head = request(CHAT, [*usual(gateway), ("expect", expected), ("content-length", str(len(body)))])

    with Wire(gateway.url) as wire:
        first = wire.send(head).answer()
        second = wire.send(body).answer()

    assert first is not None
    assert first.status_code == 100
    assert second is not None
    assert second.status_code == 200


def test_what_is_refused_before_its_body_need_not_be_sent(gateway: Gateway):
    """A client without a token does not get to send 30 MiB."""
    with Wire(gateway.url) as wire:
        answer = wire.send(request(CHAT, [("content-length", "31457280")])).answer()

    assert_refused(answer, 401)


def test_a_body_of_a_get_is_no_second_request(gateway: Gateway):
    inner = request("/v1/proxy/inner", usual(gateway), b"{}")

    with Wire(gateway.url) as wire:
        wire.send(request("/v1/models", [*usual(gateway), ("connection", "close")], inner, method="GET"))
        answers = wire.answers()

    assert [answer.status_code for answer in answers] == [200]
    assert json.loads(answers[0].text)["object"] == "list"
