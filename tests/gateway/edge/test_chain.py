"""A request through the whole chain: real Envoy, real Portkey, a scripted provider."""

import json
import threading
from typing import Any

import httpx
import pytest

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import Issuer
from gateway.portkey_contract.recipes import (
    BODIES,
    EMBEDDINGS,
    MESSAGE,
    MESSAGE_EVENTS,
    OPENAI_CHAT,
    OPENAI_CHUNKS,
    PATHS,
    RESPONSE,
    RESPONSE_EVENTS,
)
from gwctl.edge.usage_log.line import LINE_START, parse_line
from support.replay_provider import Answer, ReplayProvider
from support.usage_lines import written

FIELDS = {
    *("v", "id", "started", "duration_ms", "first_byte_ms", "client", "team", "api", "model", "variant", "stream"),
    *(
        "lane",
        "policy",
        "tries",
        "refusal",
        "quota",
        "status",
        "flags",
        "details",
        "request_bytes",
        "response_bytes",
        "upstream",
        "provider",
    ),
    *("option", "attempts", "rules", "skipped", "request", "usage"),
}
ANSWERS: dict[str, Any] = {
    "chat": OPENAI_CHAT,
    "messages": MESSAGE,
    "count_tokens": {"input_tokens": 9},
    "responses": RESPONSE,
    "embeddings": EMBEDDINGS,
}
STREAMS = {"chat": OPENAI_CHUNKS, "messages": MESSAGE_EVENTS, "responses": RESPONSE_EVENTS}


def model_of(api: str) -> str:
    return "claude" if api in {"messages", "count_tokens"} else "fast"


def body(api: str, model: str | None = None, **fields: Any) -> dict[str, Any]:
    return {**BODIES[api], "model": model or model_of(api), **fields}


def chat(client: httpx.Client, model: str, text: str = "hi", **fields: Any) -> httpx.Response:
    messages = [{"role": "user", "content": text}]
    return client.post(PATHS["chat"], json={"model": model, "messages": messages, **fields})


def log_of(edge: Edge, answer: httpx.Response) -> dict[str, Any]:
    return edge.log(answer.headers["x-request-id"])


@pytest.mark.parametrize("api", ANSWERS)
def test_a_plain_answer_is_served_and_logged(
    client: httpx.Client, shared_edge: Edge, provider: ReplayProvider, api: str
):
    provider.on("*", Answer.json(ANSWERS[api]))

    answer = client.post(PATHS[api], json=body(api))
    line = log_of(shared_edge, answer)

    assert answer.status_code == 200
    assert line.keys() == FIELDS
    expected = {"v": 2, "client": "search-api", "team": "search", "api": api, "model": model_of(api), "stream": False}
    expected |= {"refusal": None, "status": 200, "flags": "-", "details": "via_upstream", "option": "config"}
    assert expected.items() <= line.items()
    assert line["upstream"] == f"127.0.0.1:{shared_edge.settings.gateway_ports[0]}"
    if api != "count_tokens":
        assert line["usage"]["model"] == ANSWERS[api]["model"]
        assert [value for key, value in line["usage"].items() if key.endswith("put_tokens") or "prompt" in key]


@pytest.mark.parametrize("api", STREAMS)
def test_a_stream_is_served_event_by_event_and_logged(
    client: httpx.Client, shared_edge: Edge, provider: ReplayProvider, api: str
):
    go_on = threading.Event()
    first, *others = STREAMS[api]
    provider.on("*", Answer.sse([first, go_on, *others]))

    with client.stream("POST", PATHS[api], json=body(api, stream=True)) as answer:
        pieces = answer.iter_raw()
        early = next(pieces)
        go_on.set()
        received = early + b"".join(pieces)
    line = log_of(shared_edge, answer)

    sent = [piece for piece in Answer.sse(STREAMS[api]).pieces if isinstance(piece, bytes)]
    assert early == sent[0]
    assert received == b"".join(sent)
    assert line["stream"] is True
    assert [value for key, value in line["usage"].items() if "tokens" in key]


def test_each_line_of_the_usage_log_begins_alike(client: httpx.Client, shared_edge: Edge, provider: ReplayProvider):
    provider.on("*", Answer.json(ANSWERS["chat"]))
    log_of(shared_edge, client.post(PATHS["chat"], json=body("chat")))
    log_of(shared_edge, client.get("/nowhere"))

    raw = shared_edge.settings.usage_log.read_bytes()

    lines = raw[: raw.rindex(b"\n")].split(b"\n")
    assert all(line.rfind(LINE_START) == 0 for line in lines)


def test_usage_in_an_event_of_a_megabyte_is_read(client: httpx.Client, shared_edge: Edge, provider: ReplayProvider):
    big = {"type": "response.completed", "response": {**RESPONSE, "instructions": "x" * 1_000_000}}
    provider.on("*", Answer.sse([big]))

    with client.stream("POST", PATHS["responses"], json=body("responses", stream=True)) as answer:
        answer.read()

    assert log_of(shared_edge, answer)["usage"]["response.usage.output_tokens"] == 5


def test_the_target_that_served_is_logged(client: httpx.Client, shared_edge: Edge, provider: ReplayProvider):
    provider.on("*", Answer.json({"error": {"message": "no"}}, 500), model="first")
    provider.on("*", Answer.json(OPENAI_CHAT), model="second")

    answer = chat(client, "safe")

    assert answer.status_code == 200
    assert log_of(shared_edge, answer)["option"] == "config.targets[1]"
    assert [request.headers["authorization"] for request in provider.requests] == [
        "Bearer sk-edge-1",
        "Bearer sk-edge-2",
    ]


def test_a_provider_cannot_say_who_served(client: httpx.Client, shared_edge: Edge, provider: ReplayProvider):
    lies = {
        "x-portkey-last-used-option-index": "config.targets[0]",
        "x-portkey-provider": "ollama",
        "x-portkey-retry-attempt-count": "9",
    }
    provider.on("*", Answer.json({"error": {"message": "no"}}, 500), model="first")
    provider.on("*", Answer.json(OPENAI_CHAT, headers=lies), model="second")

    line = parse_line(json.dumps(written(log_of(shared_edge, chat(client, "safe")))))

    assert (line.option, line.provider, line.attempts) == ((1,), "openai", 0)


def test_the_headers_of_anthropics_clients_arrive_unchanged(client: httpx.Client, provider: ReplayProvider):
    provider.on("*", Answer.json(MESSAGE))
    headers = {"anthropic-beta": "tools-2024-04-04,other", "anthropic-version": "2023-06-01"}

    client.post(PATHS["messages"] + "?beta=true", json=body("messages"), headers=headers)

    assert {name: provider.last.headers[name] for name in headers} == headers
    assert provider.last.headers["x-api-key"] == "sk-ant-edge"


def test_the_request_id_is_not_the_clients_choice(client: httpx.Client, provider: ReplayProvider):
    provider.on("*", Answer.json(OPENAI_CHAT, headers={"x-request-id": "the-providers"}))

    answer = client.post(PATHS["chat"], json=body("chat"), headers={"x-request-id": "mine"})

    assert answer.headers.get_list("x-request-id") != ["mine"]
    assert len(answer.headers["x-request-id"]) == 36


def test_rules_hold_and_leave_no_trace(client: httpx.Client, shared_edge: Edge, provider: ReplayProvider):
    provider.on("*", Answer.json(OPENAI_CHAT))

    passed = chat(client, "checked", "one and two and one")
    refused = chat(client, "checked", "my SECRET")
    sent = [request.json["messages"][0]["content"] for request in provider.requests]
    provider.on("*", Answer.json({**OPENAI_CHAT, "choices": [{"index": 0, "message": {"content": "FORBIDDEN"}}]}))
    withheld = chat(client, "checked")

    assert sent == ["1 and 2 and 1"]
    assert "hook_results" not in passed.json()
    assert [answer.status_code for answer in (passed, refused, withheld)] == [200, 400, 400]
    assert "SECRET" not in refused.text
    assert [log_of(shared_edge, answer)["refusal"] for answer in (passed, refused, withheld)] == [
        None,
        "content_refused",
        "answer_refused",
    ]


def test_a_body_over_the_limit_is_413_and_reaches_nobody(
    client: httpx.Client, shared_edge: Edge, provider: ReplayProvider
):
    fits = chat(client, "nope", "x" * 99_000)
    answer = chat(client, "fast", "x" * 101_000)

    assert (fits.status_code, answer.status_code) == (404, 413)
    assert answer.json()["error"]["code"] == "request_too_large"
    assert log_of(shared_edge, answer)["upstream"] is None
    assert provider.requests == []


def test_a_client_that_hangs_up_before_an_answer_is_logged_with_status_0(
    shared_edge: Edge, provider: ReplayProvider, issuer: Issuer
):
    held = threading.Event()
    provider.on("*", Answer.held(held))
    seen = shared_edge.log_lines()

    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{shared_edge.url}{PATHS['chat']}",
            json=body("chat"),
            headers={"authorization": f"Bearer {issuer.token('search-api')}"},
            timeout=0.5,
            trust_env=False,
        )
    line = shared_edge.next_line(len(seen))
    held.set()

    assert (line["status"], line["flags"], line["usage"]) == (0, "DC", None)
    assert line["upstream"] is not None


def test_a_refused_token_has_the_shape_of_its_path(shared_edge: Edge):
    with httpx.Client(base_url=shared_edge.url, trust_env=False) as nobody:
        openai = nobody.post(PATHS["chat"], json=body("chat"))
        anthropic = nobody.post(PATHS["messages"], json=body("messages"))
        models = nobody.get("/v1/models", headers={"anthropic-version": "2023-06-01"})

    assert {answer.status_code for answer in (openai, anthropic, models)} == {401}
    assert openai.json()["error"]["code"] == "invalid_token"
    assert anthropic.json()["error"]["type"] == models.json()["error"]["type"] == "authentication_error"
    assert log_of(shared_edge, openai)["refusal"] == "invalid_token"
