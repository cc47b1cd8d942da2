"""What is charged is what came, whatever was asked for and whatever the content type says."""

import json
from typing import Any

import pytest

from gateway.conformance.kit.calls import STREAMED
from gateway.translation.conftest import Kinds
from gwctl.core.names import Api
from support.replay_provider import Answer

MODELS: dict[Api, str] = {"chat": "gpt", "responses": "gpt", "messages": "claude"}
USAGE = {"input_tokens": 5000, "output_tokens": 2000}
PLAIN: dict[Api, dict[str, Any]] = {
    "chat": {
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5000, "completion_tokens": 2000, "total_tokens": 7000},
    },
    "responses": {"object": "response", "model": "m", "status": "completed", "output": [], "usage": USAGE},
    "messages": {"type": "message", "model": "m", "content": [], "stop_reason": "end_turn", "usage": USAGE},
}
STREAM: dict[Api, list[Any]] = {
    "chat": [
        {"model": "m", "choices": [{"index": 0, "delta": {"content": "Hi"}}]},
        {"model": "m", "choices": [], "usage": PLAIN["chat"]["usage"]},
        "[DONE]",
    ],
    "responses": [
        {"type": "response.created", "response": {"model": "m", "status": "in_progress"}},
        {"type": "response.completed", "response": PLAIN["responses"]},
    ],
    "messages": [
        {"type": "message_start", "message": {**PLAIN["messages"], "usage": {**USAGE, "output_tokens": 1}}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2000}},
        {"type": "message_stop"},
    ],
}


def assert_exact(event: dict[str, Any]) -> None:
    found = [event[f"gen_ai.usage.{name}"] for name in USAGE]
    assert (found, event["outcome"], event["estimated"]) == ([5000, 2000], "served", False)


@pytest.mark.parametrize("api", STREAMED)
def test_a_plain_answer_to_who_asked_for_a_stream(kinds: Kinds, api: Api):
    kinds.provider.on("*", Answer.json(PLAIN[api]))

    answer = kinds.caller.ask(api, MODELS[api], stream=True)

    assert answer.json() == PLAIN[api]
    assert_exact(kinds.caller.event(answer))


@pytest.mark.parametrize("api", STREAMED)
@pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=utf-8", "application/octet-stream", None])
def test_a_stream_by_another_name(kinds: Kinds, api: Api, kind: str | None):
    pieces = Answer.sse(STREAM[api]).pieces
    kinds.provider.on("*", Answer(pieces, headers={"content-type": kind} if kind else {}))

    with kinds.caller.stream(api, MODELS[api]) as answer:
        answer.read()

    data = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert data == [each if isinstance(each, str) else json.dumps(each) for each in STREAM[api]]
    assert_exact(kinds.caller.event(answer))


@pytest.mark.parametrize("api", STREAMED)
@pytest.mark.parametrize("kind", ["text/plain", "text/event-stream", None])
def test_a_plain_answer_by_another_name_is_not_charged_as_a_stream(kinds: Kinds, api: Api, kind: str | None):
    text = json.dumps({**PLAIN[api], "filler": "word " * 4000}).encode()
    kinds.provider.on("*", Answer([text], headers={"content-type": kind} if kind else {}))

    cap: dict[str, Any] = {"max_tokens": 9000} if api == "messages" else {}
    answer = kinds.caller.ask(api, MODELS[api], stream=True, **cap)

    event = kinds.caller.event(answer)
    assert event["gen_ai.usage.output_tokens"] >= 4000, "by its bytes, four a token"
    assert event["estimated"]


@pytest.mark.parametrize(
    "error", [{"code": 502, "message": "x"}, {"message": "x"}, {"type": "server_error", "message": "x"}, "x"]
)
def test_an_error_inside_a_stream_has_failed_whatever_its_shape(kinds: Kinds, error: Any):
    ended = {"error": error, "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]}
    kinds.provider.on("*", Answer.sse([STREAM["chat"][0], ended, "[DONE]"]))

    with kinds.caller.stream("chat", "gpt") as answer:
        answer.read()

    event = kinds.caller.event(answer)
    assert event["outcome"] == "failed"
    assert event["error.type"]
