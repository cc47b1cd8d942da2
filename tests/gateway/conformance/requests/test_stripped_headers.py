"""Headers that only the gateway may set: whatever the client sends of them changes nothing and goes no further.

Portkey would obey every one of them (tests/gateway/portkey_contract/test_client_headers.py). So each is sent in odd
casing, twice, with underscores, over HTTP/1.1 and HTTP/2, and a recording provider tells what arrived.
"""

import json
from collections.abc import Callable, Sequence

import httpx
import pytest

from gateway.conformance.kit.calls import encoded
from gateway.conformance.kit.http1 import Header, exchange, request
from gateway.conformance.kit.http2 import Http2Wire
from gateway.conformance.kit.lab import Lab
from gwctl.core.names import API_PATHS, Api
from support.replay_provider import Answer, RecordedRequest

CANARY = "sent-by-the-client"

NAMES = [
    "x-portkey-config",
    "x-portkey-provider",
    "x-portkey-api-key",
    "x-portkey-virtual-key",
    "x-portkey-custom-host",
    "x-portkey-forward-headers",
    "x-portkey-metadata",
    "x-portkey-trace-id",
    "x-portkey-cache",
    "x-portkey-retry-count",
    "x-portkey-request-timeout",
    "x-portkey-strict-open-ai-compliance",
    "x-portkey-azure-resource-name",
    "x-portkey-anything",
    "x-portkey-",
    "x-gw-route",
    "x-gw-portkey",
    "x-gw-team",
    "x-gw-",
    "x-amzn-oidc-data",
    "x-amzn-oidc-identity",
    "x-amzn-oidc-accesstoken",
    "x-envoy-original-path",
    "x-envoy-original-host",
    "x-envoy-retry-on",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-force-trace",
    "x-envoy-decorator-operation",
    "x-envoy-internal",
    "x-envoy-hedge-on-per-try-timeout",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "x-amz-security-token",
    "openai-organization",
    "openai-project",
    "proxy-authorization",
    "cookie",
    "forwarded",
    "via",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "x-original-url",
    "traceparent",
    "tracestate",
    "baggage",
    "referer",
    "origin",
]
"""None of these may arrive at a provider with what the client put in."""


def title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def odd(name: str) -> str:
    return "".join(letter.upper() if index % 2 else letter for index, letter in enumerate(name))


SPELLINGS: dict[str, Callable[[str], Sequence[str]]] = {
    "lower": lambda name: [name],
    "title": lambda name: [title(name)],
    "upper": lambda name: [name.upper()],
    "odd": lambda name: [odd(name)],
    "twice": lambda name: [name, name],
    "twice in two casings": lambda name: [title(name), name.upper()],
    "underscores": lambda name: [name.replace("-", "_")],
    "one underscore": lambda name: ["_".join(name.rsplit("-", 1))],
    "both": lambda name: [name.replace("-", "_"), name],
}


def usual(lab: Lab) -> list[Header]:
    return [("authorization", f"Bearer {lab.gateway.token()}"), ("content-type", "application/json")]


def over_http1(lab: Lab, headers: Sequence[Header], api: Api = "chat", model: str = "one") -> httpx.Response | None:
    return exchange(lab.gateway.url, request(API_PATHS[api], headers, encoded(api, model)))


def over_http2(lab: Lab, headers: Sequence[Header], api: Api = "chat", model: str = "one") -> httpx.Response | None:
    with Http2Wire(lab.gateway.url) as wire:
        lower = [(name.lower(), value) for name, value in headers]
        return wire.answer(wire.send(API_PATHS[api], lower, encoded(api, model)))


def assert_served_by_our_config(lab: Lab, provider: str = "one") -> RecordedRequest:
    """One request arrived, at this provider, with its own key and nothing of the client's."""
    received = {name: len(each.requests) for name, each in lab.providers.items() if each.requests}
    assert received == {provider: 1}
    assert lab.stranger.requests == []
    sent = lab[provider].last
    everything = f"{sent.path}?{sent.query}\n{sent.headers}\n{sent.body.decode()}"
    assert CANARY not in everything
    assert lab.gateway.token() not in everything
    assert "x-portkey-" not in everything.lower()
    key = sent.headers["authorization"] or sent.headers["x-api-key"]
    assert key.removeprefix("Bearer ") == lab.canaries[provider]
    return sent


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_nothing_of_the_clients_headers_arrives(lab: Lab, spelling: str):
    for name in NAMES:
        lab.reset()
        extra = [(each, CANARY) for each in SPELLINGS[spelling](name)]

        answer = over_http1(lab, [*extra, *usual(lab)])

        assert answer is not None, name
        assert answer.status_code == 200, f"{name}: {answer.text}"
        assert_served_by_our_config(lab)


def test_nothing_of_the_clients_headers_arrives_over_http2(lab: Lab):
    for name in NAMES:
        lab.reset()

        answer = over_http2(lab, [(name, CANARY), (name.replace("-", "_"), CANARY), *usual(lab), (name, CANARY)])

        assert answer is not None, name
        assert answer.status_code == 200, f"{name}: {answer.text}"
        assert_served_by_our_config(lab)


@pytest.mark.parametrize("api", ["messages", "count_tokens"])
def test_nothing_of_the_clients_headers_arrives_at_anthropic(lab: Lab, api: Api):
    extra = [(title(name), CANARY) for name in NAMES]

    answer = over_http1(lab, [*extra, *usual(lab)], api, "claude")

    assert answer is not None
    assert answer.status_code == 200
    assert_served_by_our_config(lab, "claude")


def hostile_config(lab: Lab) -> str:
    """A configuration that Portkey would obey: it sends the request, with a key, to somebody else."""
    return json.dumps({"provider": "openai", "api_key": CANARY, "custom_host": f"{lab.stranger.url}/v1"})


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("send", [over_http1, over_http2])
def test_a_config_of_the_client_is_not_obeyed(lab: Lab, send: Callable[..., httpx.Response | None], spelling: str):
    hostile = [(name, hostile_config(lab)) for name in SPELLINGS[spelling]("x-portkey-config")]

    answer = send(lab, [*hostile, *usual(lab), *hostile])

    assert answer is not None
    assert answer.status_code == 200
    assert_served_by_our_config(lab)


def test_a_provider_and_host_of_the_client_are_not_obeyed(lab: Lab):
    hostile = [
        ("X-Portkey-Provider", "openai"),
        ("X-Portkey-Custom-Host", f"{lab.stranger.url}/v1"),
        ("X-Portkey-Forward-Headers", "authorization"),
        ("X-Portkey-Api-Key", CANARY),
    ]

    answer = over_http1(lab, [*hostile, *usual(lab)])

    assert answer is not None
    assert answer.status_code == 200
    assert_served_by_our_config(lab)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_client_does_not_choose_the_route(lab: Lab, spelling: str):
    """It may call `one`; the header names the cluster of `two`."""
    snapshot = json.loads(lab.gateway.data.snapshot.read_text())
    other = next(name for name in snapshot["variants"] if name.startswith("two~"))

    answer = over_http1(lab, [*((name, other) for name in SPELLINGS[spelling]("x-gw-route")), *usual(lab)])

    assert answer is not None
    assert answer.status_code == 200
    assert_served_by_our_config(lab)


def test_a_client_does_not_pass_for_portkey(lab: Lab):
    """The edge tells Portkey's answers from its own by a header; in a request it must mean nothing."""
    answer = over_http1(lab, [("x-gw-portkey", "1"), *usual(lab)], model="no-such-model")

    assert answer is not None
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    "nominated", ["x-portkey-config", "X-Portkey-Config", "x-gw-route", "content-length", "x-request-id", "x-anything"]
)
def test_none_of_our_headers_is_lost_because_connection_names_it(lab: Lab, nominated: str):
    """`Connection: x` asks each hop to remove x (RFC 9110, section 7.6.1): ours must stay."""
    answer = over_http1(lab, [("connection", f"close, {nominated}"), *usual(lab)])

    assert answer is not None
    assert answer.status_code == 200
    assert_served_by_our_config(lab)


@pytest.mark.parametrize(("nominated", "status"), [("authorization", 401), ("content-type", 415), ("host", 400)])
def test_a_header_that_the_client_takes_back_counts_as_missing(lab: Lab, nominated: str, status: int):
    answer = over_http1(lab, [("connection", f"close, {nominated}"), *usual(lab)])

    assert answer is not None
    assert answer.status_code == status
    assert lab["one"].requests == []


@pytest.mark.parametrize("also", ["x-api-key", "api-key", "x-goog-api-key", "proxy-authorization", "x-auth-token"])
def test_the_token_goes_no_further_though_it_is_sent_twice(lab: Lab, also: str):
    """Claude Code with an apiKeyHelper sends it as `authorization` and as `x-api-key`."""
    answer = over_http1(lab, [(also, lab.gateway.token()), *usual(lab)], "messages", "claude")

    assert answer is not None
    assert answer.status_code == 200
    assert_served_by_our_config(lab, "claude")


@pytest.mark.parametrize("target", ["fall", "claude-fall"])
def test_the_fallback_gets_nothing_of_the_client_either(lab: Lab, target: str):
    first, second = ("one", "two") if target == "fall" else ("claude", "claude-two")
    lab[first].on("*", Answer.json({"error": {"message": "broken"}}, 500))
    api: Api = "chat" if target == "fall" else "messages"

    over_http1(lab, [*((title(name), CANARY) for name in NAMES), *usual(lab)], api, target)

    sent = lab[second].last
    assert CANARY not in str(sent.headers)
    assert lab.gateway.token() not in str(sent.headers)
    assert lab.canaries[first] not in str(sent.headers)


@pytest.mark.parametrize(
    ("name", "value"), [("anthropic-version", "2023-06-01"), ("anthropic-beta", "tools-2024-05-16,other-beta")]
)
def test_what_anthropics_clients_need_arrives_unchanged(lab: Lab, name: str, value: str):
    over_http1(lab, [(name, value), *usual(lab)], "messages", "claude")

    assert lab["claude"].last.headers.get_all(name) == [value]


def test_what_a_provider_learns_of_the_client_is_a_short_list(lab: Lab):
    """A new header that goes through should be somebody's decision."""
    client = [("user-agent", "agent/1"), ("x-stainless-lang", "python"), ("x-codex-turn", "1"), ("x-app", "cli")]

    over_http1(lab, [*client, *usual(lab)])

    ours = {"host", "connection", "content-type", "content-length", "authorization", "accept-encoding", "accept"}
    nodes = {"accept-language", "sec-fetch-mode", "user-agent", "transfer-encoding"}
    mine = {"x-request-id"} if lab.lane == "express" else set[str]()  # the edge's, by which a provider can be asked
    assert {name.lower() for name in lab["one"].last.headers} <= ours | nodes | mine
    assert lab["one"].last.headers["user-agent"] != "agent/1"
