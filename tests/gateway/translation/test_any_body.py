"""Bodies of every kind, well-formed or not: none is a failure of the gateway's while no provider was asked."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.conformance.kit.calls import encoded
from gateway.translation.conftest import Kinds
from gwctl.core.names import Api
from support.replay_provider import Answer
from support.session import profile

SERVED: list[tuple[str, Api]] = [
    ("gpt", "chat"),
    ("gpt", "responses"),
    ("gpt", "embeddings"),
    ("azure-dropping", "chat"),
    ("claude-dropping", "chat"),
    ("claude", "messages"),
    ("claude", "count_tokens"),
    ("vertex-claude-dropping", "chat"),
    ("vertex-claude-dropping", "messages"),
    ("bedrock-dropping", "chat"),
    ("bedrock-dropping", "messages"),
    ("bedrock-dropping", "count_tokens"),
    ("nova-dropping", "chat"),
    ("nova-dropping", "messages"),
    ("gemini-dropping", "chat"),
    ("gemini-dropping", "embeddings"),
    ("vertex-dropping", "chat"),
    ("vertex", "embeddings"),
]
CALL = {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "enum": ["b"]}}, "required": ["a"]}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
CHAT: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]},
        {
            "role": "user",
            "content": [{"type": "text", "text": "hi"}, IMAGE, {"type": "file", "file": {"file_data": "aGk="}}],
        },
        {"role": "assistant", "content": "a", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "x", "content": "done"},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}]},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}},
    "stop": ["END"],
    "modalities": ["text"],
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "max_tokens": 50,
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 5,
    "user": "u",
    "reasoning_effort": "low",
    "logprobs": True,
    "seed": 5,
}
MESSAGES: dict[str, Any] = {
    "max_tokens": 50,
    "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "hi"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "t", "signature": "s"},
                {"type": "tool_use", "id": "x", "name": "f", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "x", "content": [{"type": "text", "text": "done"}]}],
        },
        {
            "role": "user",
            "content": [
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}}
            ],
        },
    ],
    "tools": [{"name": "f", "description": "d", "input_schema": SCHEMA, "cache_control": {"type": "ephemeral"}}],
    "tool_choice": {"type": "tool", "name": "f"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "metadata": {"user_id": "u"},
    "stop_sequences": ["END"],
    "top_k": 5,
}
WHOLE: dict[Api, dict[str, Any]] = {
    "chat": CHAT,
    "messages": MESSAGES,
    "count_tokens": MESSAGES,
    "responses": {"input": [{"role": "user", "content": "hi"}], "tools": [], "text": {"format": {"type": "text"}}},
    "embeddings": {"input": ["a", "b"], "dimensions": 5, "encoding_format": "float"},
}
ODD = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            0,
            -1,
            1.5,
            "",
            "x",
            "data:",
            "data:x;base64",
            "https://x",
            [],
            [None],
            [[]],
            {},
            {"type": None},
            {"type": "text"},
        ]
    ),
    st.text(max_size=5),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values inside of one."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [each for key, child in inner for each in ((*path, key), *places(child, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any, *, gone: bool) -> Any:
    """The value with another one at a path, or with none."""
    copy = value.copy()
    first, *rest = path
    if rest:
        copy[first] = changed(copy[first], tuple(rest), new, gone=gone)
    elif gone:
        del copy[first]
    else:
        copy[first] = new
    return copy


@st.composite
def bodies(draw: st.DrawFn, api: Api) -> dict[str, Any]:
    """A body that uses much of an API, with up to two places changed."""
    body = WHOLE[api]
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(places(body)))
        body = changed(body, path, draw(ODD), gone=draw(st.booleans()))
    return body


EXAMPLES = profile.examples(12)


@pytest.mark.parametrize(("alias", "api"), SERVED)
def test_no_body_is_a_failure_before_a_provider_was_asked(kinds: Kinds, alias: str, api: Api):
    @settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(body=bodies(api))
    def holds(body: dict[str, Any]) -> None:
        kinds.provider.reset()
        kinds.provider.on("*", Answer.json({"error": {"message": "Only the request is looked at."}}, 400))

        answer = kinds.caller.send(api, json.dumps({"model": alias, **body}).encode())

        asked = bool(kinds.provider.requests)
        assert answer.status_code == 400, (asked, answer.text, json.dumps(body))

    holds()


@pytest.mark.parametrize(("alias", "api"), SERVED)
def test_each_of_those_bodies_is_sent_when_nothing_is_changed(kinds: Kinds, alias: str, api: Api):
    kinds.provider.on("*", Answer.json({"error": {"message": "Only the request is looked at."}}, 400))

    answer = kinds.caller.send(api, encoded(api, alias, **WHOLE[api]))

    assert kinds.provider.requests, answer.text
