"""Every way to be refused, in the shape of the path: OpenAI's, and Anthropic's on /v1/messages*.

One table for what the gateway itself refuses; test_provider_failures.py has what a provider does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from gateway.conformance.kit.calls import ANTHROPIC, APIS, STREAMED, Caller, encoded
from gateway.conformance.kit.http1 import exchange, request
from gateway.conformance.kit.shapes import Shape, assert_nothing_leaks, assert_refused
from gwctl.core.names import API_PATHS, Api
from support.gateway import Gateway

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Case:
    """One way to be refused, on any API. `code` is that of OpenAI's shape."""

    name: str
    status: int
    code: str | None
    ask: Callable[[Caller, Api], httpx.Response]


def _get(caller: Caller, api: Api, **headers: str) -> httpx.Response:
    return caller.client.get(API_PATHS[api], headers={"authorization": f"Bearer {caller.token}", **headers})


def _admin(caller: Caller, api: Api) -> httpx.Response:
    connection = caller.gateway.connection
    token = caller.gateway.token(connection.admin_client_id, connection.admin_client_secret)
    return caller.ask(api, headers={"authorization": f"Bearer {token}"})


def _below(caller: Caller, api: Api) -> httpx.Response:
    return caller.client.post(f"{API_PATHS[api]}/below", headers={"authorization": f"Bearer {caller.token}"})


CASES = [
    Case("no token", 401, "invalid_token", lambda caller, api: caller.ask(api, headers={"authorization": ""})),
    Case("bad token", 401, "invalid_token", lambda caller, api: caller.ask(api, headers={"authorization": "Bearer x"})),
    Case("no scope", 403, "insufficient_scope", _admin),
    Case("no such path", 404, "not_found", _below),
    Case("no such model", 404, "model_not_found", lambda caller, api: caller.ask(api, "no-such-model")),
    Case("method", 405, "method_not_allowed", _get),
    Case("no body", 400, "malformed_json", lambda caller, api: caller.send(api, b"")),
    Case("malformed", 400, "malformed_json", lambda caller, api: caller.send(api, encoded(api)[:-1])),
    Case("key twice", 400, "duplicate_key", lambda caller, api: caller.send(api, b'{"model":"a","model":"b"}')),
    Case("no model", 400, "invalid_value", lambda caller, api: caller.send(api, b"{}")),
    Case("model is no text", 400, "invalid_value", lambda caller, api: caller.send(api, b'{"model":1}')),
    Case(
        "type",
        415,
        "unsupported_media_type",
        lambda caller, api: caller.ask(api, headers={"content-type": "text/plain"}),
    ),
    Case(
        "encoding",
        415,
        "unsupported_media_type",
        lambda caller, api: caller.ask(api, headers={"content-encoding": "gzip"}),
    ),
    Case("too large", 413, "request_too_large", lambda caller, api: caller.send(api, b" " * (32 * MEBIBYTE + 1))),
]


def shape_of(api: Api) -> Shape:
    return "anthropic" if api in ANTHROPIC else "openai"


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_refusal_has_the_shape_of_its_path(caller: Caller, case: Case, api: Api):
    assert_refused(case.ask(caller, api), case.status, shape_of(api), case.code)


@pytest.mark.parametrize("api", ["chat", "messages"])
@pytest.mark.parametrize("case", [case for case in CASES if case.status != 413], ids=lambda case: case.name)
def test_a_refusal_over_http2_has_the_shape_of_its_path(http2_caller: Caller, case: Case, api: Api):
    """Without 413: httpx takes seconds to send as much; test_http2.py has it."""
    assert_refused(case.ask(http2_caller, api), case.status, shape_of(api), case.code)


@pytest.mark.parametrize("api", APIS)
def test_a_refusal_has_a_request_id_to_ask_about(caller: Caller, api: Api):
    answer = caller.ask(api, "no-such-model")

    assert len(answer.headers["x-request-id"]) == 36


@pytest.mark.parametrize("api", APIS)
def test_a_405_says_what_is_allowed(caller: Caller, api: Api):
    assert _get(caller, api).headers["allow"] == "POST"


@pytest.mark.parametrize("version", [None, "2023-06-01"])
def test_models_are_refused_in_the_shape_that_the_caller_speaks(caller: Caller, version: str | None):
    headers = {"anthropic-version": version} if version else {}

    answer = caller.client.get("/v1/models", headers=headers)

    assert_refused(answer, 401, "anthropic" if version else "openai")


@pytest.mark.parametrize("version", [None, "2023-06-01"])
def test_an_unknown_model_in_the_path_is_refused_in_the_shape_that_the_caller_speaks(
    caller: Caller, version: str | None
):
    headers = {"authorization": f"Bearer {caller.token}"} | ({"anthropic-version": version} if version else {})

    answer = caller.client.get("/v1/models/no-such-model", headers=headers)

    assert_refused(answer, 404, "anthropic" if version else "openai")


@pytest.mark.parametrize("path", ["/", "/v1", "/v2/chat/completions", "/v1/files", "/v1/completions", "/v1/realtime"])
def test_other_paths_are_refused_in_openais_shape(caller: Caller, path: str):
    answer = caller.client.post(path, headers={"authorization": f"Bearer {caller.token}"})

    assert_refused(answer, 404, code="not_found")


@pytest.mark.parametrize("path", ["/v1/messages/batches", "/v1/messages/x/y"])
def test_other_paths_below_messages_are_refused_in_anthropics_shape(caller: Caller, path: str):
    answer = caller.client.post(path, headers={"authorization": f"Bearer {caller.token}"})

    assert_refused(answer, 404, "anthropic")


@pytest.mark.parametrize(
    ("api", "model"), [("messages", "sample-gpt"), ("responses", "sample-claude"), ("embeddings", "sample-claude")]
)
def test_a_path_that_no_target_can_serve_says_which_can(caller: Caller, api: Api, model: str):
    caller.gateway.require_local()

    answer = caller.ask(api, model)

    assert_refused(answer, 400, shape_of(api), "api_not_supported")
    assert API_PATHS["chat"] in answer.json()["error"]["message"]


# --- headers of every answer ---


@pytest.mark.parametrize("api", APIS)
def test_a_served_answer_tells_nothing_of_the_inside(caller: Caller, api: Api):
    answer = caller.ask(api)

    assert answer.status_code == 200
    assert_nothing_leaks(answer)


@pytest.mark.parametrize("api", STREAMED)
def test_a_streamed_answer_tells_nothing_of_the_inside(caller: Caller, api: Api):
    with caller.stream(api) as answer:
        answer.read()

    assert answer.status_code == 200
    assert_nothing_leaks(answer)


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/sample-gpt", "/healthz"])
def test_what_the_edge_answers_itself_tells_nothing_of_the_inside(caller: Caller, path: str):
    assert_nothing_leaks(caller.client.get(path, headers={"authorization": f"Bearer {caller.token}"}))


def test_a_request_that_is_no_http_is_refused_in_shape(gateway: Gateway):
    assert_refused(exchange(gateway.url, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"), 400, code="bad_request")


@pytest.mark.parametrize("api", ["chat", "messages"])
def test_headers_that_are_too_large_are_refused_in_openais_shape(gateway: Gateway, api: Api):
    """Whatever the path: it is not known yet when the headers are given up."""
    answer = exchange(gateway.url, request(API_PATHS[api], [("x-filler", "a" * 40_000)]))

    assert_refused(answer, 431, code="headers_too_large")
