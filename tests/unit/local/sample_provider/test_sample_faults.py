"""The sample provider when it misbehaves, or is misused."""

import json
import sys
import time
from typing import Any

import anthropic
import httpx
import openai
import pytest

from gwctl.local.sample_provider.app import APIS, Pace, create_app
from gwctl.local.sample_provider.models import MODELS
from support.ports import free_port
from support.processes import answers, start
from support.servers.asgi import serving

PACE = Pace(first=0.05, next=0.005)
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": HELLO},
    "/v1/responses": {"input": HELLO},
    "/v1/embeddings": {"input": "Hello"},
    "/v1/messages": {"messages": HELLO, "max_tokens": 1000},
    "/v1/messages/count_tokens": {"messages": HELLO},
}
STREAMED = ["/v1/chat/completions", "/v1/responses", "/v1/messages"]
KEY = {"authorization": "Bearer any"}


@pytest.fixture(scope="module")
def url():
    with serving(create_app(PACE)) as url:
        yield url


@pytest.fixture(scope="module")
def http(url: str):
    with httpx.Client(base_url=url, headers=KEY) as client:
        yield client


def ask(http: httpx.Client, path: str, model: str, **fields: Any) -> httpx.Response:
    return http.post(path, json={"model": model, **BODIES[path], **fields})


def is_anthropic(path: str) -> bool:
    return path.startswith("/v1/messages")


def error_type(path: str, answer: httpx.Response) -> str:
    """The error's type, after checking that its shape is the path's."""
    document = answer.json()
    if is_anthropic(path):
        assert document["type"] == "error"
    else:
        assert set(document["error"]) == {"message", "type", "param", "code"}
    return document["error"]["type"]


def test_every_api_is_covered_here():
    assert {api.path for api in APIS} == set(BODIES)


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer"}, {"x-api-key": ""}])
def test_without_a_key_it_is_401_in_the_shape_of_the_api(url: str, path: str, headers: dict[str, str]):
    answer = httpx.post(url + path, json={"model": "sample-gpt", **BODIES[path]}, headers=headers)
    expected = "authentication_error" if is_anthropic(path) else "invalid_request_error"
    assert (answer.status_code, error_type(path, answer)) == (401, expected)


def test_the_list_of_models_needs_a_key_too(url: str):
    assert httpx.get(url + "/v1/models").status_code == 401


@pytest.mark.parametrize("header", [KEY, {"x-api-key": "any"}, {"api-key": "any"}])
def test_any_key_will_do(url: str, header: dict[str, str]):
    assert httpx.get(url + "/v1/models", headers=header).status_code == 200


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("stream", [False, True])
def test_sample_429_says_when_to_come_back(http: httpx.Client, path: str, stream: bool):
    answer = ask(http, path, "sample-429", stream=stream)
    expected = "rate_limit_error" if is_anthropic(path) else "requests"
    assert (answer.status_code, error_type(path, answer)) == (429, expected)
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("path", BODIES)
def test_sample_500_is_a_server_error(http: httpx.Client, path: str):
    answer = ask(http, path, "sample-500")
    expected = "api_error" if is_anthropic(path) else "server_error"
    assert (answer.status_code, error_type(path, answer)) == (500, expected)


@pytest.mark.parametrize("path", BODIES)
def test_sample_overloaded_has_each_providers_status(http: httpx.Client, path: str):
    answer = ask(http, path, "sample-overloaded")
    expected = (529, "overloaded_error") if is_anthropic(path) else (503, "server_error")
    assert (answer.status_code, error_type(path, answer)) == expected


@pytest.mark.parametrize("path", BODIES)
def test_sample_cut_closes_the_connection_in_a_plain_answer(http: httpx.Client, path: str):
    with pytest.raises(httpx.RemoteProtocolError):
        ask(http, path, "sample-cut")


@pytest.mark.parametrize("path", STREAMED)
def test_sample_cut_closes_the_connection_after_some_content(http: httpx.Client, path: str):
    whole = ask(http, path, "sample-gpt", stream=True).text
    received = ""
    request = {"model": "sample-cut", **BODIES[path], "stream": True}
    with http.stream("POST", path, json=request) as answer, pytest.raises(httpx.RemoteProtocolError):
        for part in answer.iter_text():
            received += part
    assert "provid" in received
    assert received.count("\n\n") == whole.count("\n\n") // 2


def test_openais_sdk_sees_the_error_in_a_chat_stream(url: str):
    client = openai.OpenAI(base_url=url + "/v1", api_key="any", max_retries=0)
    stream = client.chat.completions.create(model="sample-error-mid-stream", messages=HELLO, stream=True)
    received = []
    with client, pytest.raises(openai.APIError, match="fails as asked"):
        received.extend(stream)
    assert received[3].choices[0].delta.content == " the"


def test_a_response_stream_with_an_error_ends_with_response_failed(url: str):
    with openai.OpenAI(base_url=url + "/v1", api_key="any", max_retries=0) as client:
        *_, last = client.responses.create(model="sample-error-mid-stream", input=HELLO, stream=True)
    assert last.type == "response.failed"
    assert (last.response.status, last.response.error and last.response.error.code) == ("failed", "server_error")


def test_anthropics_sdk_sees_the_error_in_a_message_stream(url: str):
    client = anthropic.Anthropic(base_url=url, api_key="any", max_retries=0)
    request: dict[str, Any] = {"model": "sample-error-mid-stream", "max_tokens": 100, "messages": HELLO}
    received = []
    with client, pytest.raises(anthropic.APIStatusError, match="fails as asked"):
        received.extend(client.messages.create(**request, stream=True))
    assert "content_block_delta" in [event.type for event in received]


@pytest.mark.parametrize("path", BODIES)
def test_an_error_mid_stream_is_a_500_without_a_stream(http: httpx.Client, path: str):
    assert ask(http, path, "sample-error-mid-stream").status_code == 500


@pytest.mark.parametrize("path", sorted(set(BODIES) - {"/v1/messages/count_tokens"}))
def test_sample_no_usage_answers_without_usage(http: httpx.Client, path: str):
    answer = ask(http, path, "sample-no-usage")
    assert (answer.status_code, answer.json().get("usage")) == (200, None)


@pytest.mark.parametrize("path", STREAMED)
def test_sample_no_usage_streams_without_usage(http: httpx.Client, path: str):
    fields = {"stream_options": {"include_usage": True}} if path == "/v1/chat/completions" else {}
    text = ask(http, path, "sample-no-usage", stream=True, **fields).text
    assert "tokens" not in text.replace("max_output_tokens", "")
    assert "provid" in text


@pytest.mark.parametrize("path", BODIES)
def test_sample_slow_takes_its_time_and_then_answers(http: httpx.Client, path: str):
    started = time.monotonic()
    answer = ask(http, path, "sample-slow")
    assert (answer.status_code, time.monotonic() - started >= PACE.first) == (200, True)


@pytest.mark.parametrize("path", STREAMED)
def test_sample_slow_streams_one_event_after_the_other(http: httpx.Client, path: str):
    times = []
    with http.stream("POST", path, json={"model": "sample-slow", **BODIES[path], "stream": True}) as answer:
        times.extend(time.monotonic() for line in answer.iter_lines() if line.startswith("data:"))
    assert times[-1] - times[0] >= PACE.next * (len(times) - 1) * 0.9  # the first may have been late itself


@pytest.mark.parametrize("path", BODIES)
def test_a_name_that_is_not_in_the_table_answers_normally(http: httpx.Client, path: str):
    assert ask(http, path, "gpt-5.6-sol").status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"model": "m", "messages": ' + b"[" * 5000])
@pytest.mark.parametrize("path", BODIES)
def test_a_malformed_body_is_400_in_the_shape_of_the_api(http: httpx.Client, path: str, body: bytes):
    answer = http.post(path, content=body)
    assert (answer.status_code, error_type(path, answer)) == (400, "invalid_request_error")


def test_nesting_up_to_and_beyond_what_can_be_repeated_is_no_server_error(http: httpx.Client):
    bodies = ('{"model": "m", "input": "hi", "tools": ' + "[" * n + "]" * n + "}" for n in range(900, 1000, 3))
    assert {http.post("/v1/responses", content=body).status_code for body in bodies} == {200, 400}


def test_text_that_utf8_cannot_hold_does_no_harm(http: httpx.Client):
    body = b'{"model": "sample-gpt", "messages": [{"role": "user", "content": "a \\ud800 b"}]}'
    content = http.post("/v1/chat/completions", content=body).json()["choices"][0]["message"]["content"]
    assert content.endswith("a ? b")


def test_an_unknown_path_is_404(http: httpx.Client):
    answer = http.post("/v1/frobnicate", json={})
    assert (answer.status_code, error_type("/v1/frobnicate", answer)) == (404, "invalid_request_error")


def test_a_stream_is_declared_as_such(http: httpx.Client):
    answer = ask(http, "/v1/chat/completions", "sample-gpt", stream=True)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text.endswith("data: [DONE]\n\n")


def test_events_carry_their_type_as_name_and_in_the_data(http: httpx.Client):
    text = ask(http, "/v1/messages", "sample-gpt", stream=True).text
    for event in text.strip().split("\n\n"):
        name, data = event.split("\n")
        assert name == f"event: {json.loads(data.removeprefix('data: '))['type']}"


def test_the_process_serves_and_its_help_documents_the_models():
    port = free_port()
    command = [sys.executable, "-m", "gwctl.local.sample_provider"]
    with start([*command, "--port", str(port)], ready=lambda: answers(f"http://127.0.0.1:{port}/healthz")):
        models = httpx.get(f"http://127.0.0.1:{port}/v1/models", headers=KEY).json()["data"]
    assert [model["id"] for model in models] == list(MODELS)


def test_the_help_lists_every_model():
    with start([sys.executable, "-m", "gwctl.local.sample_provider", "--help"], ready=lambda: True) as helping:
        helping.wait()
    assert not [name for name in MODELS if name not in helping.output]
