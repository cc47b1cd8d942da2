"""Which requests may make a provider read more than their own bytes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.edge.render import lua_source
from unit.edge.asking import snapshot
from unit.edge.program import SETTINGS, lua_runtime

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
URL = "https://elsewhere.test/a.png"
SCHEMA = {
    "type": "object",
    "properties": {
        "image_url": {"type": "string", "format": "uri"},
        "file_id": {"type": "file", "enum": ["https://a.test"]},
        "previous_response_id": {"type": "object"},
    },
    "größe": {"type": "web_search"},
}


def is_outside() -> Callable[[bytes], bool]:
    runtime = lua_runtime()
    source = lua_source(snapshot(), SETTINGS).encode()
    runtime.execute(source + b"\nfunction is_outside(raw) return (outside(raw, json.members(raw, 1000))) end")
    return runtime.globals().is_outside


OUTSIDE = is_outside()


def user(*blocks: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(blocks)}]


INSIDE: dict[str, dict[str, Any]] = {
    "text": {"messages": [{"role": "user", "content": 'see https://x.test "image_url": {"url": "http://y"}'}]},
    "a system prompt": {"system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]},
    "nulls": {"previous_response_id": None, "conversation": None, "prompt": None, "whatever": None, "messages": None},
    "unicode": {"messages": [{"role": "user", "content": "größe 😀 \\u0069mage"}]},
    "an image": {"messages": user({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}})},
    "an image of a response": {
        "input": user({"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"})
    },
    "an image of a message": {
        "messages": user(
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}, "title": "t"},
        )
    },
    "functions": {
        "tools": [
            {"type": "function", "function": {"name": "web_search", "description": "x", "parameters": SCHEMA}},
            {"type": "function", "name": "fetch", "parameters": SCHEMA, "strict": True},
            {"name": "WebSearch", "description": "x", "input_schema": SCHEMA},
            {"type": "custom", "name": "apply_patch", "format": {"type": "grammar", "definition": "x"}},
        ],
        "tool_choice": {"type": "function", "function": {"name": "web_search"}},
    },
    "calls of a chat": {
        "messages": [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"url": 1}'}}],
            },
            {"role": "tool", "tool_call_id": "1", "content": "x"},
        ]
    },
    "calls of messages": {
        "messages": [
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "x", "signature": "y"},
                    {"type": "tool_use", "id": "1", "name": "f", "input": {"type": "file", "url": URL, "file_id": "1"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "x"}]},
                    {"type": "tool_result", "tool_use_id": "2", "content": "x", "is_error": True},
                ],
            },
        ],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "metadata": {"user_id": "a"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    },
    "calls of responses": {
        "instructions": "x",
        "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
            {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "1", "output": "x"},
        ],
        "reasoning": {"effort": "high"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    },
    "texts to embed": {"input": ["a", "b"], "encoding_format": "float"},
    "tokens to embed": {"input": [[1, 2], [3]], "dimensions": 8},
    "a schema of the answer": {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
}
HOSTILE: dict[str, dict[str, Any]] = {
    "an earlier response": {"previous_response_id": "resp_1", "input": "x"},
    "a conversation": {"conversation": "conv_1"},
    "a template": {"prompt": {"id": "pmpt_1"}},
    "a container": {"container": "cntr_1"},
    "servers of tools": {"mcp_servers": [{"url": URL}]},
    "a search": {"web_search_options": {}},
    "an unknown member": {"plugins": [{"id": "web"}]},
    "an image by URL": {"messages": user({"type": "image_url", "image_url": {"url": URL}})},
    "an image by URL of a response": {"input": user({"type": "input_image", "image_url": URL})},
    "an image by its id": {"input": user({"type": "input_image", "file_id": "file-1"})},
    "an image by URL of a message": {"messages": user({"type": "image", "source": {"type": "url", "url": URL}})},
    "a file by its id": {"messages": user({"type": "file", "file": {"file_id": "file-1"}})},
    "a file by its id in a message": {"messages": user({"type": "document", "source": {"file_id": "f"}})},
    "a packed document": {
        "messages": user({"type": "document", "source": {"type": "base64", "media_type": "application/pdf"}})
    },
    "a packed file": {"input": user({"type": "input_file", "filename": "a.pdf", "file_data": "JVBERi0="})},
    "a document as an image": {
        "messages": user({"type": "image_url", "image_url": {"url": "data:application/pdf;base64,JVBERi0="}})
    },
    "an upload": {"messages": user({"type": "container_upload", "file_id": "f"})},
    "an image in a result": {
        "messages": user({"type": "tool_result", "content": [{"type": "image", "source": {"url": URL}}]})
    },
    "an image in an output": {
        "input": [{"type": "function_call_output", "output": [{"type": "input_image", "image_url": URL}]}]
    },
    "a reference": {"input": [{"type": "item_reference", "id": "msg_1"}]},
    "reasoning that was kept": {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]},
    "a search of before": {"input": [{"type": "web_search_call", "id": "ws_1"}]},
    "an earlier voice": {"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]},
    "a hosted tool": {"tools": [{"type": "web_search"}]},
    "a hosted tool of a message": {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
    "a hosted file search": {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]},
    "a hosted server": {"tools": [{"type": "mcp", "server_url": URL}]},
    "Google's own tool": {"tools": [{"type": "function", "function": {"name": "googleSearch"}}]},
    "a tool behind others": {"tools": [{"name": "a", "input_schema": SCHEMA}, {"type": "code_interpreter"}]},
    "compaction": {"context_management": {"edits": [{"type": "compact_20260112"}]}},
    "tools that are no list": {"tools": {"type": "web_search"}},
    "messages that are no list": {"messages": {"0": {"content": []}}},
}


@pytest.mark.parametrize("body", INSIDE.values(), ids=INSIDE)
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_what_is_all_in_the_body_is_not_outside(body: dict[str, Any], indent: int | None, ascii_only: bool):
    assert OUTSIDE(json.dumps({"model": "m", **body}, indent=indent, ensure_ascii=ascii_only).encode()) is False


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("indent", [None, 1])
def test_what_a_provider_would_fetch_is_outside(body: dict[str, Any], indent: int | None):
    assert OUTSIDE(json.dumps({"model": "m", **body}, indent=indent).encode()) is True


def escaped(text: str, at: int) -> str:
    """The JSON text with one letter of a string or key escaped, which means the same."""
    letters = [i for i, letter in enumerate(text) if letter.isalpha() and inside_string(text, i)]
    i = letters[at % len(letters)]
    return f"{text[:i]}\\u{ord(text[i]):04x}{text[i + 1 :]}"


def inside_string(text: str, i: int) -> bool:
    return text[:i].count('"') % 2 == 1


@given(st.sampled_from(sorted(HOSTILE)), st.integers(0, 10_000))
def test_an_escape_hides_nothing(name: str, at: int):
    body = HOSTILE[name]
    [(key, value)] = [(key, value) for key, value in body.items() if key != "input" or len(body) == 1]
    plain = json.dumps(value, ensure_ascii=False)
    nested = escaped(plain, at) if '"' in plain else plain
    text = f'{{"model": "m", "{key}": {nested}}}'

    assert json.loads(text)[key] == value
    assert OUTSIDE(text.encode()) is True


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: (
            st.lists(each)
            | st.dictionaries(st.text() | st.sampled_from(["type", "content", "text", "image_url", "role"]), each)
        ),
        max_leaves=20,
    )
)
def test_it_decides_about_every_value(value: Any):
    for key in ("messages", "tools", "input", "system", "whatever"):
        assert OUTSIDE(json.dumps({key: value}).encode()) in (True, False)


def test_the_last_of_two_keys_counts_too():
    body = b'{"messages":[{"role":"user","content":"x","content":[{"type":"file","file_id":"f"}]}]}'

    assert OUTSIDE(body) is True
