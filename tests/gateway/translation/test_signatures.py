"""Gemini's signatures of tool calls: they come with the answer and go back with the next turn, or Google refuses it."""

import json
from typing import Any

import pytest

from gateway.translation.conftest import Kinds
from support.replay_provider import Answer, RecordedRequest

CITY = 'Zü"rich'
SIGNATURE = "CiQB+SIG/nature=="
USAGE = {"promptTokenCount": 20, "candidatesTokenCount": 5, "totalTokenCount": 25}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
ASKED = {"role": "user", "content": "Is it raining?"}
GROUNDING = {"webSearchQueries": ["x"]}


def chunk(*parts: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    ended = {"finishReason": reason} if reason else {}
    more = {"groundingMetadata": GROUNDING, "safetyRatings": [{"category": "C", "probability": "LOW"}]}
    return {"candidates": [{**candidate, **more, **ended}], "usageMetadata": USAGE, "modelVersion": "gemini-2.5-flash"}


CALL = {"functionCall": {"name": "weather", "args": {"city": CITY}}, "thoughtSignature": SIGNATURE}


def google(request: RecordedRequest) -> Answer:
    """Refuses a tool's result whose call has no signature, as Google does."""
    parts = [part for content in request.json["contents"] for part in content["parts"]]
    calls = [part for part in parts if "functionCall" in part]
    if any(part.get("thoughtSignature") != SIGNATURE for part in calls):
        message = "Function call is missing a thought_signature in functionCall parts."
        return Answer.json({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}, 400)
    said = [{"text": "Hm. ", "thought": True}, {"text": "It is raining."}]
    answer = chunk(*said, reason="STOP") if calls else chunk(CALL, reason="STOP")
    if "stream" not in request.path:
        return Answer.json(answer)
    return Answer.sse([f"{json.dumps(answer)}\r"])


def ask(kinds: Kinds, model: str, messages: list[dict[str, Any]], *, stream: bool) -> dict[str, Any]:
    """The choice of the answer; of a stream its deltas put together."""
    if not stream:
        answer = kinds.caller.ask("chat", model, messages=messages, tools=[TOOL])
        assert answer.status_code == 200, answer.text
        return answer.json()["choices"][0]
    with kinds.caller.stream("chat", model, messages=messages, tools=[TOOL]) as streamed:
        streamed.read()
    assert streamed.status_code == 200, streamed.text
    choice: dict[str, Any] = {"message": {}}
    for line in streamed.text.splitlines():
        if line.startswith("data: {"):
            for each in json.loads(line.removeprefix("data: "))["choices"]:
                choice["message"] |= {key: value for key, value in each["delta"].items() if value}
                choice |= {key: value for key, value in each.items() if key not in {"delta", "index"}}
    return choice


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["gemini", "vertex"])
def test_a_tool_loop_of_two_turns(kinds: Kinds, model: str, *, stream: bool):
    kinds.provider.on("*", google)

    first = ask(kinds, model, [ASKED], stream=stream)
    (call,) = first["message"]["tool_calls"]
    result = {"role": "tool", "tool_call_id": call["id"], "content": "rain"}
    second = ask(kinds, model, [ASKED, first["message"], result], stream=stream)

    assert call["function"]["thought_signature"] == SIGNATURE
    assert json.loads(call["function"]["arguments"]) == {"city": CITY}
    assert second["message"]["content"] == "It is raining."


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["gemini", "vertex"])
@pytest.mark.parametrize(
    ("theirs", "ours"), [("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("OTHER", "stop")]
)
def test_all_else_keeps_openai_s_shape(kinds: Kinds, model: str, theirs: str, ours: str, *, stream: bool):
    answer = chunk({"text": 'He said "finish_reason":"STOP"'}, reason=theirs)
    kinds.provider.on("*", Answer.sse([f"{json.dumps(answer)}\r"]) if stream else Answer.json(answer))

    choice = ask(kinds, model, [ASKED], stream=stream)

    assert choice["finish_reason"] == ours
    assert choice["message"] == {"role": "assistant", "content": 'He said "finish_reason":"STOP"'}
    assert not {"groundingMetadata", "safetyRatings"} & choice.keys()


def test_a_stream_in_pieces_of_any_size_is_the_same(kinds: Kinds):
    whole = b"".join(f"data: {json.dumps(chunk({'text': f'word {i} é '}))}\r\n\r\n".encode() for i in range(200))
    pieces = [whole[at : at + 97] for at in range(0, len(whole), 97)]
    kinds.provider.on("*", Answer(pieces, headers={"content-type": "text/event-stream"}))

    with kinds.caller.stream("chat", "gemini") as answer:
        answer.read()

    chunks = [
        json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: {")
    ]
    assert [each["choices"][0]["delta"]["content"] for each in chunks] == [f"word {i} é " for i in range(200)]
    event = kinds.caller.event(answer)
    assert (event["gen_ai.usage.input_tokens"], event["gen_ai.usage.output_tokens"]) == (20, 5)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["gemini", "vertex"])
def test_a_tool_call_beside_text_is_not_lost(kinds: Kinds, model: str, *, stream: bool):
    """A stream has both. Portkey's plain answer has room for one, and an agent cannot go on without the call."""
    answer = chunk({"text": "I look."}, CALL, reason="STOP")
    kinds.provider.on("*", Answer.sse([f"{json.dumps(answer)}\r"]) if stream else Answer.json(answer))

    choice = ask(kinds, model, [ASKED], stream=stream)

    (call,) = choice["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"city": CITY}
    assert call["function"]["thought_signature"] == SIGNATURE
    assert choice["message"].get("content") == ("I look." if stream else None)
