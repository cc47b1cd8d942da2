"""Bodies that are translated: what a provider could not read is the caller's error, told by name, and no failure."""

from typing import Any

import pytest

from gateway.translation.conftest import Kinds
from support.replay_provider import Answer

TRANSLATED = ["claude", "vertex-claude", "bedrock", "nova", "gemini", "vertex"]
REFUSED = Answer.json({"error": {"message": "Only the request is looked at."}}, 400)


def history(arguments: Any, **fields: Any) -> list[dict[str, Any]]:
    call = {"id": "x", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [call], **fields},
        {"role": "tool", "tool_call_id": "x", "content": "done"},
    ]


def inputs(sent: Any) -> list[Any]:
    """The inputs of calls in a body of Anthropic's, Google's or Bedrock's."""
    if isinstance(sent, list):
        return [each for part in sent for each in inputs(part)]
    if not isinstance(sent, dict):
        return []
    own = [sent[name] for name in ("input", "args") if name in sent]
    return own + [each for value in sent.values() for each in inputs(value)]


@pytest.mark.parametrize("alias", TRANSLATED)
@pytest.mark.parametrize("arguments", ["", " ", "{}"])
def test_a_call_without_arguments_has_an_empty_object(kinds: Kinds, alias: str, arguments: str):
    kinds.provider.on("*", REFUSED)

    kinds.caller.ask("chat", alias, messages=history(arguments))

    assert inputs(kinds.provider.last.json) == [{}]


@pytest.mark.parametrize("alias", TRANSLATED)
@pytest.mark.parametrize("arguments", ['{"a": "tr', "tr", "5", "[]", "null", '{"a":1}}', {"a": 1}, None, 5])
def test_arguments_that_are_no_json_object_are_the_caller_s_error(kinds: Kinds, alias: str, arguments: Any):
    answer = kinds.caller.ask("chat", alias, messages=history(arguments))

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["code"] == "invalid_value"
    assert error["param"] == "messages[1].tool_calls[0].function.arguments"
    assert error["param"] in error["message"]
    assert not kinds.provider.requests
    assert kinds.caller.event(answer)["outcome"] == "refused"


@pytest.mark.parametrize("alias", TRANSLATED)
def test_other_arguments_arrive_as_they_are(kinds: Kinds, alias: str):
    kinds.provider.on("*", REFUSED)

    kinds.caller.ask("chat", alias, messages=history('{"a\\"b": [1, {"c": "\\u00e9"}], "a\\"b": 2}'))

    assert inputs(kinds.provider.last.json) == [{'a"b': 2}]


@pytest.mark.parametrize("alias", ["gpt", "azure", "llama"])
def test_openai_s_own_kinds_read_a_conversation_themselves(kinds: Kinds, alias: str):
    kinds.provider.on("*", REFUSED)

    kinds.caller.ask("chat", alias, messages=history('{"a": "tr'), stop="END")

    assert kinds.provider.last.json["messages"] == history('{"a": "tr')
    assert kinds.provider.last.json["stop"] == "END"
