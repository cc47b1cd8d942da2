"""What becomes of parameters: the table is held to what the real Portkey sends, and nothing is lost without a word."""

import json
from typing import Any

import httpx
import pytest

from gateway.translation.conftest import TARGETS, Kinds
from gwctl.core.names import Api
from gwctl.edge.parameters import columns, dialect, rows
from gwctl.policy.compiling.capabilities import apis_of
from support.replay_provider import Answer

NOTHING = Answer.json({"error": {"message": "Only the request is looked at."}}, 400)
VALUES: dict[str, Any] = {
    "additional_model_request_fields": {"canary": "quark"},
    "anthropic_beta": "quark",
    "anthropic_version": "quark",
    "audio": {"voice": "quark"},
    "cache_control": {"type": "quark"},
    "client_metadata": {"canary": "quark"},
    "container": "quark",
    "context_management": {"edits": [{"type": "quark"}]},
    "dimensions": 777,
    "encoding_format": "base64",
    "frequency_penalty": 0.777,
    "function_call": {"name": "quark"},
    "functions": [{"name": "quark"}],
    "guardrail_config": {"guardrailIdentifier": "quark"},
    "image_config": {"aspect_ratio": "quark"},
    "include": ["quark"],
    "inference_geo": "quark",
    "input": "quark",
    "input_type": "quark",
    "instructions": "quark",
    "labels": {"canary": "quark"},
    "logit_bias": {"777": 1},
    "logprobs": True,
    "max_completion_tokens": 777,
    "max_output_tokens": 777,
    "max_tokens": 777,
    "max_tool_calls": 777,
    "mcp_servers": [{"name": "quark"}],
    "messages": [{"role": "user", "content": "quark"}],
    "metadata": {"user_id": "quark"},
    "modalities": ["quark"],
    "n": 777,
    "normalize": True,
    "output_config": {"effort": "quark"},
    "output_format": {"type": "quark"},
    "parallel_tool_calls": False,
    "parameters": {"canary": "quark"},
    "performance_config": {"latency": "quark"},
    "prediction": {"type": "content", "content": "quark"},
    "presence_penalty": 0.777,
    "prompt_cache_key": "quark",
    "prompt_cache_retention": "quark",
    "reasoning": {"effort": "quark"},
    "reasoning_effort": "quark",
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"title": "quark"}}},
    "safety_identifier": "quark",
    "safety_settings": [{"category": "quark"}],
    "seed": 777,
    "service_tier": "quark",
    "speed": "quark",
    "stop": ["quark"],
    "stop_sequences": ["quark"],
    "store": True,
    "system": "quark",
    "temperature": 0.777,
    "text": {"verbosity": "quark"},
    "thinking": {"type": "enabled", "budget_tokens": 777},
    "tool_choice": {"type": "function", "function": {"name": "quark"}},
    "tools": [{"type": "function", "function": {"name": "quark", "parameters": {"type": "object"}}}],
    "top_k": 777,
    "top_logprobs": 777,
    "top_p": 0.777,
    "truncate": "quark",
    "truncation": "quark",
    "user": "quark",
    "verbosity": "quark",
    "web_search_options": {"search_context_size": "quark"},
}
MARKS = ("quark", "777", "QUARK")
CLAUDE_S: dict[str, Any] = {
    "tool_choice": {"type": "tool", "name": "quark"},
    "tools": [{"name": "quark", "input_schema": {"type": "object"}}],
}
NEEDS = {"tool_choice": ("tools",), "top_logprobs": ("logprobs",)}
APART = {"model", "stream", "stream_options", "background", "conversation", "prompt", "previous_response_id"}
"""Looked at elsewhere, or known by Portkey and refused or answered in ways of their own."""


def dialects() -> dict[str, str]:
    return {dialect(kind, model): alias for alias, (kind, model) in TARGETS.items() if alias != "llama"}  # pyright: ignore[reportArgumentType]


def cases() -> list[tuple[Api, str, str, str]]:
    found: list[tuple[Api, str, str, str]] = []
    for api in ("chat", "messages", "responses", "embeddings"):
        for name, treatments in rows(api).items():
            for spoken, treatment in zip(columns(api), treatments, strict=True):
                alias = dialects().get(spoken)
                if name not in APART and alias and api in apis_of(*TARGETS[alias]):  # pyright: ignore[reportArgumentType]
                    found.append((api, alias, name, treatment))
    return found


def ask(kinds: Kinds, api: Api, alias: str, name: str) -> httpx.Response:
    values = {**VALUES, **(CLAUDE_S if api == "messages" else {})}
    needed = NEEDS.get(name, ()) if api in {"chat", "messages"} else ()
    asked = {each: values[each] for each in (name, *needed)}
    kinds.provider.reset()
    kinds.provider.on("*", NOTHING)
    return kinds.caller.ask(api, alias, **asked)


def arrived(kinds: Kinds, name: str) -> bool:
    sent = kinds.provider.last
    words = {"logprobs": "ogprobs", "parallel_tool_calls": name, "store": name, "normalize": name}
    words |= {"encoding_format": "base64" if "base64" in sent.body.decode() else "embeddingTypes"}
    marks = (words[name],) if name in words else MARKS
    return any(mark in sent.body.decode() for mark in marks) or (
        name == "anthropic_beta" and "quark" in str(sent.headers)
    )


@pytest.mark.parametrize(("api", "alias", "name", "treatment"), cases())
def test_the_table_is_true(kinds: Kinds, api: Api, alias: str, name: str, treatment: str):
    answer = ask(kinds, api, alias, name)

    dropped = answer.headers.get("x-gw-dropped", "").split(", ")
    if treatment == "refused":
        error = answer.json()["error"]
        assert answer.status_code == 400
        assert name in error["message"]
        assert error.get("code", "unsupported_parameter") == "unsupported_parameter"
        assert not kinds.provider.requests
    else:
        assert kinds.provider.requests, answer.text
        assert (name in dropped) == (treatment == "dropped")
        assert arrived(kinds, name) == (treatment != "dropped"), kinds.provider.last.body


@pytest.mark.parametrize(
    ("api", "alias", "name"), [case[:3] for case in cases() if case[3] == "refused" and case[1] in {"claude", "nova"}]
)
def test_a_route_may_drop_what_is_refused(kinds: Kinds, api: Api, alias: str, name: str):
    answer = ask(kinds, api, f"{alias}-dropping", name)

    assert kinds.provider.requests, answer.text
    assert name in answer.headers["x-gw-dropped"].split(", ")


HARMLESS = {
    "n": 1,
    "logprobs": False,
    "response_format": {"type": "text"},
    "parallel_tool_calls": True,
    "frequency_penalty": 0,
    "modalities": ["text"],
    "seed": None,
    "audio": None,
    "store": False,
}


@pytest.mark.parametrize("alias", ["claude", "nova"])
def test_a_value_that_says_nothing_is_not_refused(kinds: Kinds, alias: str):
    kinds.provider.on("*", NOTHING)

    answer = kinds.caller.send(
        "chat",
        json.dumps({"model": alias, "messages": [{"role": "user", "content": "hi"}], **HARMLESS}).encode(),
    )

    assert kinds.provider.requests, answer.text
    assert "x-gw-dropped" not in answer.headers


OPEN = {
    "chat_template_kwargs": {"enable_thinking": False},
    "guided_json": {"type": "object"},
    "min_p": 0.1,
    "repetition_penalty": 1.1,
    "separate_reasoning": True,
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "top_k": 40,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("alias", ["gpt", "llama"])
def test_open_fields_reach_a_server_of_openai_s_kind(kinds: Kinds, alias: str, *, stream: bool):
    usage = {"prompt_tokens": 50, "completion_tokens": 7, "total_tokens": 57}
    chunk = {"model": "m", "choices": [{"index": 0, "delta": {"content": "Hi"}}]}
    plain = {"object": "chat.completion", "model": "m", "choices": [], "usage": usage}
    kinds.provider.on(
        "*", Answer.sse([chunk, {**chunk, "choices": [], "usage": usage}, "[DONE]"]) if stream else Answer.json(plain)
    )

    answer = kinds.caller.ask("chat", alias, stream=stream, **OPEN)

    assert answer.status_code == 200, answer.text
    sent = kinds.provider.last
    assert {name: sent.json[name] for name in OPEN} == OPEN
    assert sent.model == TARGETS[alias][1]
    assert sent.path == "/v1/chat/completions"
    assert not [name for name in sent.headers if name.startswith(("x-gw-", "x-portkey-"))]
    assert "default" not in str(sent.headers), "who calls is nobody's business"
    event = kinds.caller.event(answer)
    found = (event["gen_ai.usage.input_tokens"], event["gen_ai.usage.output_tokens"], event["provider"])
    assert found == (50, 7, TARGETS[alias][0])


NEWER = {
    "cache_control": {"type": "ephemeral", "ttl": "1h"},
    "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
    "speed": "fast",
    "something_of_tomorrow": 1,
}


def test_newer_fields_reach_anthropic(kinds: Kinds):
    kinds.provider.on(
        "*",
        Answer.json({"type": "message", "model": "m", "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}}),
    )

    answer = kinds.caller.ask("messages", "claude", headers={"anthropic-beta": "one,two"}, **NEWER)

    sent = kinds.provider.last
    assert {name: sent.json[name] for name in NEWER} == NEWER
    assert (sent.path, sent.headers["anthropic-beta"], sent.headers["x-api-key"]) == (
        "/v1/messages",
        "one,two",
        "canary-of-every-provider",
    )
    assert kinds.caller.event(answer)["gen_ai.usage.input_tokens"] == 5


def test_an_error_about_a_body_that_went_on_as_it_was_keeps_the_path_s_shape(kinds: Kinds):
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "speed: unknown value"}}
    kinds.provider.on("*", Answer.json(error, 400))

    assert kinds.caller.ask("messages", "claude", speed="warp").json() == error


@pytest.mark.parametrize(
    ("api", "alias"), [("chat", "gpt-ruled"), ("messages", "claude-ruled"), ("chat", "mixed"), ("chat", "gemini")]
)
def test_where_the_body_cannot_go_on_as_it_is_an_unknown_field_is_refused(kinds: Kinds, api: Api, alias: str):
    answer = kinds.caller.ask(api, alias, something_of_tomorrow=1)

    assert answer.status_code == 400
    assert "something_of_tomorrow" in answer.json()["error"]["message"]
    assert not kinds.provider.requests
