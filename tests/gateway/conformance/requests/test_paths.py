"""Only the paths that the gateway serves lead to Portkey, however a path is written.

Portkey has more: `/v1/proxy/*` calls any host, `/v1/files`, `/v1/batches` and the like go round the policy.
"""

import pytest

from gateway.conformance.kit.calls import encoded
from gateway.conformance.kit.http1 import exchange, request
from gateway.conformance.kit.lab import Lab
from gateway.conformance.kit.shapes import assert_nothing_leaks
from gwctl.core.names import API_PATHS
from support.gateway import Gateway

ELSEWHERE = [
    "/",
    "/v1",
    "/v1/",
    "/v1/proxy",
    "/v1/proxy/",
    "/v1/proxy/v1/chat/completions",
    "/V1/PROXY/x",
    "/v1/completions",
    "/v1/files",
    "/v1/files/x/content",
    "/v1/batches",
    "/v1/fine_tuning/jobs",
    "/v1/images/generations",
    "/v1/audio/speech",
    "/v1/realtime",
    "/v1/prompts/x/completions",
    "/v1/responses/resp_1",
    "/v1/responses/resp_1/cancel",
    "/v1/messages/batches",
    "/v1/chat/completions/chatcmpl-1",
    "/public/",
    "/public/index.html",
    "/log/stream",
    "/admin",
    "/stats",
    "/config_dump",
    "/healthz/",
    "/healthz/x",
    "/quitquitquit",
]
"""Paths that Portkey or Envoy serve, or might."""

DISGUISED = [
    # dots and slashes
    "/v1/chat/../proxy/x",
    "/v1/chat/completions/../../proxy/x",
    "/v1/messages/count_tokens/../../proxy/x",
    "/v1/models/../proxy/x",
    "/v1/./proxy/x",
    "//v1/proxy/x",
    "/v1//proxy//x",
    "/v1/chat/completions/..",
    "/../v1/proxy/x",
    "/..",
    "/v1/chat/completions/...",
    # percent-encoded
    "/v1/chat/%2e%2e/proxy/x",
    "/v1/chat/%2E%2E/proxy/x",
    "/v1/chat/.%2e/proxy/x",
    "/v1/chat%2f..%2fproxy/x",
    "/v1/chat/completions%2f..%2f..%2fproxy%2fx",
    "/v1/chat/completions%2F",
    "/v1%2fchat%2fcompletions",
    "/v1%2Fproxy%2Fx",
    "/v1/%70roxy/x",
    "/v1/%2570roxy/x",
    "/v1/chat/%252e%252e/proxy/x",
    "/v1/chat/completions%00",
    "/v1/chat/completions%00/../../proxy/x",
    "/v1/chat/completions%0d%0aX-Portkey-Config:%20x",
    "/v1/chat/completions%20",
    "/v1/chat/completions%23",
    "/v1/chat/completions%3f",
    "/v1/chat/%c0%ae%c0%ae/proxy/x",
    "/v1/chat/%u002e%u002e/proxy/x",
    "/v1/chat/completions%",
    "/v1/chat/completions%zz",
    # backslashes
    "/v1\\proxy\\x",
    "/v1/chat/..\\proxy/x",
    "/v1/chat/..\\..\\v1\\proxy\\x",
    "\\v1\\proxy\\x",
    "/v1%5cproxy%5cx",
    "/v1/chat/..%5cproxy/x",
    # parameters, fragments, casing
    "/v1/chat/completions;a=b",
    "/v1/chat/completions;/../../proxy/x",
    "/v1/chat/..;/proxy/x",
    "/v1/chat/completions#",
    "/v1/chat/completions#/../../proxy/x",
    "/v1/proxy/x#/v1/chat/completions",
    "/v1/proxy/x?/v1/chat/completions",
    "/V1/chat/completions",
    "/v1/Chat/Completions",
    "/V1/CHAT/COMPLETIONS",
    "/v1/chat/completion\u017f",
    # other forms of a target
    "http://gateway/v1/proxy/x",
    "http://127.0.0.1:8787/v1/proxy/x",
    "http://user@gateway/v1/proxy/x",
    "https://api.openai.com/v1/files",
    "HTTP://gateway/v1/proxy/x",
    "file:///v1/chat/completions",
    "ftp://gateway/v1/chat/completions",
    "javascript:/v1/chat/completions",
    "http:/v1/chat/completions",
    "http:///v1/proxy/x",
    "http://",
    "*",
    "v1/chat/completions",
    "gateway:443",
    "?",
    "?/v1/chat/completions",
    "#",
    ":path",
    "//evil.example/v1/chat/completions",
    "///v1/proxy/x",
    "/\tv1/proxy/x",
]
"""Ways to write a path that somebody on the way might read as another one."""

SAME = [
    "//v1/chat/completions",
    "/v1//chat///completions",
    "/./v1/chat/completions",
    "/v1/proxy/../chat/completions",
    "/v1/%63hat/completions",
    "/v1\\chat\\completions",
    "/v1/chat/completions?",
    "/v1/chat/completions?api-version=1&x-portkey-config=%7B%7D",
    "/v1/chat/completions?/../../v1/proxy/x",
    "http://evil.example/v1/chat/completions",
    "http://127.0.0.1:1/v1/chat/completions?x=http://evil.example/",
]
"""Ways to write a path that is served: what goes on must be the plain path."""


def ask(gateway: Gateway, target: str, method: str = "POST", model: str | None = None) -> bytes:
    headers = [("authorization", f"Bearer {gateway.token()}"), ("content-type", "application/json")]
    written = target.encode().decode("latin-1")
    return request(written, headers, encoded("chat", model) if method == "POST" else b"", method=method)


@pytest.mark.parametrize("target", ELSEWHERE + DISGUISED)
def test_a_path_that_is_not_served_is_refused(gateway: Gateway, target: str):
    answer = exchange(gateway.url, ask(gateway, target))

    assert answer is not None
    assert answer.status_code in {400, 403, 404}, answer.text  # 403: a target with https, on a plain connection
    assert answer.json()["error"]["message"]
    assert_nothing_leaks(answer)


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE", "OPTIONS"])
def test_a_path_that_is_not_served_does_not_reach_portkey(lab: Lab, method: str):
    before = lab.forwarded()

    for target in ELSEWHERE + DISGUISED:
        exchange(lab.gateway.url, ask(lab.gateway, target, method, "one"))

    assert lab.forwarded() == before


def test_a_path_that_is_not_served_reaches_no_other_host(lab: Lab):
    authority = lab.stranger.url.removeprefix("http://")
    headers = [("authorization", f"Bearer {lab.gateway.token()}"), ("content-type", "application/json")]
    targets = [f"http://{authority}/v1/proxy/x", f"http://{authority}/v1/chat/completions", "/v1/proxy/x"]

    for target in targets:
        exchange(lab.gateway.url, request(target, headers, encoded("chat", "one"), host=authority))

    assert lab.stranger.requests == []


@pytest.mark.parametrize("target", SAME)
def test_a_path_that_means_an_allowed_one_is_served_as_that_one(lab: Lab, target: str):
    answer = exchange(lab.gateway.url, ask(lab.gateway, target, model="one"))

    assert answer is not None
    assert answer.status_code == 200
    assert [(each.path, each.query) for each in lab["one"].requests] == [(API_PATHS["chat"], "")]


@pytest.mark.parametrize(
    "query", ["beta=true", "x-portkey-config={}", "a=1&a=2", "=", "&&&", "x=%00", "x=" + "a" * 4_000]
)
def test_the_query_goes_no_further(lab: Lab, query: str):
    target = f"{API_PATHS['messages']}?{query}"

    answer = exchange(lab.gateway.url, ask(lab.gateway, target, model="claude"))

    assert answer is not None
    assert answer.status_code == 200
    assert (lab["claude"].last.path, lab["claude"].last.query) == (API_PATHS["messages"], "")


def test_who_has_no_token_does_not_learn_which_paths_exist(gateway: Gateway):
    answers = [exchange(gateway.url, request(path)) for path in ("/v1/chat/completions", "/v1/proxy/x", "/nothing")]

    assert {answer.status_code for answer in answers if answer} == {401}
    assert len({answer.text for answer in answers if answer}) == 1


@pytest.mark.parametrize("path", ["/healthz", "/healthz/../healthz"])
def test_health_needs_no_token(gateway: Gateway, path: str):
    answer = exchange(gateway.url, request(path, method="GET"))

    assert answer is not None
    assert answer.status_code == 200


def test_health_says_nothing_else(gateway: Gateway):
    answer = exchange(gateway.url, request("/healthz", method="GET"))

    assert answer is not None
    assert answer.text in {"", "OK", "ok"}
