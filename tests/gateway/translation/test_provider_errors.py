"""What a provider says of an error reaches the caller in the path's shape, whatever shape the provider has."""

from typing import Any

import pytest

from gateway.conformance.kit.calls import ANTHROPIC
from gateway.translation.conftest import KEY, Kinds
from gwctl.core.names import Api
from support.replay_provider import Answer

CONTEXT = "This model's maximum context length is 4096 tokens."
SLOW = "Slow down, please."
SERVED: list[tuple[str, Api]] = [
    ("gpt", "chat"),
    ("gpt", "responses"),
    ("gpt", "embeddings"),
    ("azure", "chat"),
    ("llama", "chat"),
    ("claude", "chat"),
    ("claude", "messages"),
    ("claude", "count_tokens"),
    ("gemini", "chat"),
    ("gemini", "embeddings"),
    ("vertex", "chat"),
    ("vertex-claude", "messages"),
    ("bedrock", "chat"),
    ("bedrock", "messages"),
    ("nova", "chat"),
]
PLAIN_AND_STREAMED = [(*each, False) for each in SERVED] + [("gpt", "chat", True), ("claude", "messages", True)]
SHAPES: dict[str, Any] = {
    "OpenAI": {"error": {"message": CONTEXT, "type": "invalid_request_error", "param": "messages", "code": "too_long"}},
    "Anthropic": {"type": "error", "error": {"type": "invalid_request_error", "message": CONTEXT}, "request_id": "r"},
    "Google": {"error": {"code": 400, "message": CONTEXT, "status": "INVALID_ARGUMENT", "details": []}},
    "Vertex AI, in a list": [{"error": {"code": 400, "message": CONTEXT, "status": "INVALID_ARGUMENT"}}],
    "Bedrock": {"message": CONTEXT},
    "AWS, capital": {"__type": "ValidationException", "Message": CONTEXT},
    "vLLM": {"object": "error", "message": CONTEXT, "type": "BadRequestError", "param": None, "code": 400},
    "error is text": {"error": CONTEXT},
    "detail is text": {"detail": CONTEXT},
    "detail is an object": {"detail": {"error": CONTEXT}},
    "FastAPI": {"detail": [{"loc": ["body", "messages", 0], "msg": CONTEXT, "type": "value_error"}]},
    "errors are texts": {"errors": [CONTEXT]},
    "errors are objects": {"errors": [{"message": CONTEXT, "code": 7}]},
    "RFC 9457": {"type": "about:blank", "title": CONTEXT, "status": 400},
}


def message_of(answer: Any, api: Api) -> str:
    document = answer.json()
    assert document.keys() == ({"type", "error"} if api in ANTHROPIC else {"error"}), document
    return document["error"]["message"]


@pytest.mark.parametrize(("model", "api"), SERVED)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_message_of_every_shape_reaches_the_caller(kinds: Kinds, model: str, api: Api, shape: str):
    kinds.provider.on("*", Answer.json(SHAPES[shape], 400))

    answer = kinds.caller.ask(api, model)

    assert answer.status_code == 400
    where = "body.messages.0: " if shape == "FastAPI" else ""
    assert message_of(answer, api) == where + CONTEXT


@pytest.mark.parametrize(("model", "api", "stream"), PLAIN_AND_STREAMED)
@pytest.mark.parametrize("kind", ["text/plain", "text/html", "application/json", None])
def test_so_does_plain_text(kinds: Kinds, model: str, api: Api, kind: str | None, *, stream: bool):
    headers = {"content-type": kind} if kind else {}
    text = f"<html><head><title>{CONTEXT}</title></head><body>nginx</body></html>" if kind == "text/html" else CONTEXT
    kinds.provider.on("*", Answer([text.encode()], 400, headers, chunked=False))

    fields: dict[str, Any] = {"stream": True} if stream else {}
    answer = kinds.caller.ask(api, model, **fields)

    assert message_of(answer, api) == CONTEXT


def test_param_and_code_are_kept(kinds: Kinds):
    error = {
        "message": "Use another one.",
        "type": "invalid_request_error",
        "param": "max_tokens",
        "code": "unsupported",
    }
    kinds.provider.on("*", Answer.json({"error": error}, 400))

    assert kinds.caller.ask("chat", "gpt").json() == {"error": error}


TYPES: list[tuple[str, int, dict[str, Any], str]] = [
    ("gemini", 429, {"error": {"code": 429, "message": SLOW, "status": "RESOURCE_EXHAUSTED"}}, "rate_limit_error"),
    ("claude", 402, {"type": "error", "error": {"type": "billing_error", "message": SLOW}}, "billing_error"),
    ("gpt", 429, {"object": "error", "message": SLOW, "type": "TooManyRequests", "code": 429}, "rate_limit_error"),
    ("gpt", 429, {"error": {"message": SLOW, "type": "insufficient_quota"}}, "insufficient_quota"),
    ("gpt", 429, {"error": {"message": SLOW, "type": "invalid_request_error"}}, "rate_limit_error"),
    ("bedrock", 429, {"message": SLOW}, "rate_limit_error"),
    ("claude", 529, {"type": "error", "error": {"type": "overloaded_error", "message": SLOW}}, "overloaded_error"),
]


@pytest.mark.parametrize(("model", "status", "body", "kind"), TYPES)
def test_the_type_follows_the_status(kinds: Kinds, model: str, status: int, body: dict[str, Any], kind: str):
    kinds.provider.on("*", Answer.json(body, status))

    answer = kinds.caller.ask("chat", model)

    assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(("model", "api"), SERVED)
def test_refused_credentials_are_the_gateway_s_fault(kinds: Kinds, model: str, api: Api, status: int):
    kinds.provider.on("*", Answer.json(SHAPES["OpenAI"], status))

    answer = kinds.caller.ask(api, model)

    assert answer.status_code == 502
    assert "gateway's own credentials" in message_of(answer, api)


def test_a_message_is_bounded(kinds: Kinds):
    kinds.provider.on("*", Answer.json({"error": {"message": "a\nb" + "é" * 3000}}, 400))

    message = kinds.caller.ask("chat", "gpt").json()["error"]["message"]

    assert message.startswith("a\nb\u00e9")
    assert message.endswith("é...")
    assert len(message.encode()) <= 2003


def test_a_message_has_no_secret(kinds: Kinds):
    kinds.provider.on("*", Answer.json({"error": {"message": f"Your key {KEY} cannot use this model."}}, 400))

    assert kinds.caller.ask("chat", "gpt").json()["error"]["message"] == "Your key [secret] cannot use this model."


def test_an_error_of_many_bytes_ends(kinds: Kinds):
    kinds.provider.on("*", Answer([b"x" * 1_000_000] * 20, 500, {"content-type": "text/plain"}))

    assert kinds.caller.ask("chat", "gpt").json()["error"]["message"].startswith("xxxx")


def test_the_error_told_is_that_of_the_target_that_answered(kinds: Kinds):
    kinds.provider.on("*", Answer.json({"error": {"message": "The first one failed."}}, 500), model="gpt-4o-mini")
    kinds.provider.on("*", Answer.json({"error": {"message": "The second one refused."}}, 400), model="gpt-4o")

    assert kinds.caller.ask("chat", "either").json()["error"]["message"] == "The second one refused."


@pytest.mark.parametrize(
    ("model", "api", "reason"),
    [
        ("nowhere", "chat", "DNS"),
        ("nowhere", "responses", "DNS"),
        ("nobody", "chat", "nothing listens at its address"),
    ],
)
def test_a_provider_that_was_not_reached_did_not_answer(kinds: Kinds, model: str, api: Api, reason: str):
    answer = kinds.caller.ask(api, model)

    error = answer.json()["error"]
    assert error["message"].startswith("The provider cannot be reached: ")
    assert reason in error["message"]
    assert error["type"] == "provider_unreachable"
    assert "no-such-host" not in answer.text
    event = kinds.caller.event(answer)
    assert (event["outcome"], event["cost_nano_usd"]) == ("failed", 0)
