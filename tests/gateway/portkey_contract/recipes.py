"""Portkey configurations that are known to work, one per provider kind, and a recorded answer for each API.

In: the URL that plays the provider. Out: the JSON that goes into `x-portkey-config`, and what the provider says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.replay_provider import Answer, RecordedRequest

Config = dict[str, Any]

PATHS = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "count_tokens": "/v1/messages/count_tokens",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
}
STREAMED = ("chat", "messages", "responses")

_SAY_HI = [{"role": "user", "content": "hi"}]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"model": "alias", "max_tokens": 50, "messages": _SAY_HI},
    "messages": {"model": "alias", "max_tokens": 50, "messages": _SAY_HI},
    "count_tokens": {"model": "alias", "messages": _SAY_HI},
    "responses": {"model": "alias", "input": "hi", "max_output_tokens": 50},
    "embeddings": {"model": "alias", "input": ["one", "two"]},
}


def openai(url: str, **extra: Any) -> Config:
    """The configuration that most tests use; `extra` fields are added."""
    return {"provider": "openai", "api_key": "sk-openai", "custom_host": f"{url}/v1", **extra}


def anthropic(url: str, **extra: Any) -> Config:
    """Anthropic's own API. Without `forward_headers` the client's anthropic-beta and anthropic-version are lost."""
    return {
        "provider": "anthropic",
        "api_key": "sk-ant",
        "custom_host": f"{url}/v1",
        "forward_headers": ["anthropic-beta", "anthropic-version"],
        **extra,
    }


def bedrock(url: str, model: str = "eu.anthropic.claude-sonnet-4-20250514-v1:0", **extra: Any) -> Config:
    """Bedrock with access keys. A session token is optional; the region has to be there."""
    return {
        "provider": "bedrock",
        "aws_access_key_id": "AKIAEXAMPLE",
        "aws_secret_access_key": "aws-secret",
        "aws_session_token": "aws-session",
        "aws_region": "eu-west-1",
        "custom_host": url,
        "override_params": {"model": model},
        **extra,
    }


def google(url: str, model: str = "gemini-2.5-flash") -> Config:
    """Gemini. The key travels in the query string."""
    return {"provider": "google", "api_key": "AIza", "custom_host": url, "override_params": {"model": model}}


def vertex(url: str, model: str) -> Config:
    """Vertex AI with an access token; instead of `api_key`, `vertex_service_account_json` may hold a key file."""
    return {
        "provider": "vertex-ai",
        "api_key": "ya29.token",
        "vertex_project_id": "project",
        "vertex_region": "europe-west1",
        "custom_host": url,
        "override_params": {"model": model},
    }


def azure(url: str, api_version: str = "2024-10-21") -> Config:
    """Azure OpenAI. In a config the names carry no `azure_` prefix, unlike the headers of the same meaning."""
    return {
        "provider": "azure-openai",
        "api_key": "azure-key",
        "resource_name": "resource",
        "deployment_id": "deployment",
        "api_version": api_version,
        "custom_host": f"{url}/openai",
        "override_params": {"model": "gpt-4o"},
    }


def ollama(url: str) -> Config:
    """Ollama by its own name; see test_usage.py for why `openai` with Ollama's URL is better."""
    return {"provider": "ollama", "custom_host": url, "override_params": {"model": "llama3"}}


RECIPES: dict[str, Callable[[str], Config]] = {
    "openai": openai,
    "anthropic": anthropic,
    "bedrock": bedrock,
    "bedrock, other model": lambda url: bedrock(url, "amazon.nova-pro-v1:0"),
    "bedrock, titan embedding": lambda url: bedrock(url, "amazon.titan-embed-text-v2:0"),
    "bedrock, cohere embedding": lambda url: bedrock(url, "cohere.embed-english-v3"),
    "google": google,
    "vertex-ai": lambda url: vertex(url, "gemini-2.5-flash"),
    "vertex-ai, anthropic model": lambda url: vertex(url, "anthropic.claude-sonnet-4@20250514"),
    "azure-openai": azure,
    "azure-openai, v1 API": lambda url: azure(url, "v1"),
    "ollama": ollama,
}
"""Provider kind, or a variety of it, → its configuration for a provider at a URL."""


@dataclass(frozen=True)
class Tokens:
    """What the provider counted. Nothing here is part of anything else: 211 + 1,903 + 50 tokens came in."""

    uncached: int = 211
    cache_read: int = 1_903
    cache_write: int = 50
    output: int = 100


TOKENS = Tokens()

OPENAI_USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 4},
}
OPENAI_CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-2024-11-20",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": OPENAI_USAGE,
}
_CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-11-20"}
OPENAI_CHUNKS: list[Any] = [
    {**_CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "hello"}, "finish_reason": None}]},
    {**_CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {**_CHUNK, "choices": [], "usage": OPENAI_USAGE},
    "[DONE]",
]
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "model": "gpt-4o-2024-11-20",
    "status": "completed",
    "output": [],
    "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
}
RESPONSE_EVENTS: list[Any] = [
    {"type": "response.created", "response": {**RESPONSE, "status": "in_progress", "usage": None}},
    {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "delta": "hello"},
    {"type": "response.completed", "response": RESPONSE},
]
EMBEDDINGS = {
    "object": "list",
    "data": [{"object": "embedding", "index": i, "embedding": [0.5]} for i in range(2)],
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 2, "total_tokens": 2},
}
_ANTHROPIC_USAGE = {
    "input_tokens": TOKENS.uncached,
    "cache_read_input_tokens": TOKENS.cache_read,
    "cache_creation_input_tokens": TOKENS.cache_write,
    "output_tokens": TOKENS.output,
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-20250514",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "usage": _ANTHROPIC_USAGE,
}
MESSAGE_EVENTS: list[Any] = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "usage": {**_ANTHROPIC_USAGE, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": TOKENS.output}},
    {"type": "message_stop"},
]
_CONVERSE_USAGE = {
    "inputTokens": TOKENS.uncached,
    "outputTokens": TOKENS.output,
    "totalTokens": 2_264,
    "cacheReadInputTokens": TOKENS.cache_read,
    "cacheWriteInputTokens": TOKENS.cache_write,
}
CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
    "stopReason": "end_turn",
    "usage": _CONVERSE_USAGE,
}
CONVERSE_EVENTS: list[Any] = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hello"}}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": _CONVERSE_USAGE, "metrics": {"latencyMs": 5}}),
]
GEMINI = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "hello"}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {
        "promptTokenCount": 10,
        "candidatesTokenCount": 4,
        "thoughtsTokenCount": 6,
        "totalTokenCount": 20,
        "cachedContentTokenCount": 3,
    },
    "modelVersion": "gemini-2.5-flash",
}
_VERTEX_EMBEDDINGS = {"predictions": [{"embeddings": {"values": [0.5], "statistics": {"token_count": 1}}}] * 2}

_ANSWERS: list[tuple[str, Answer, Answer | None]] = [
    # the end of the path, the plain answer, the streamed one
    ("/chat/completions", Answer.json(OPENAI_CHAT), Answer.sse(OPENAI_CHUNKS)),
    ("/responses", Answer.json(RESPONSE), Answer.sse(RESPONSE_EVENTS)),
    ("/api/embeddings", Answer.json({"embedding": [0.5]}), None),
    ("/embeddings", Answer.json(EMBEDDINGS), None),
    ("/messages", Answer.json(MESSAGE), Answer.sse(MESSAGE_EVENTS)),
    ("/count_tokens", Answer.json({"input_tokens": 9}), None),
    ("/count-tokens:rawPredict", Answer.json({"input_tokens": 9}), None),
    (":rawPredict", Answer.json(MESSAGE), None),
    (":streamRawPredict", Answer.sse(MESSAGE_EVENTS), Answer.sse(MESSAGE_EVENTS)),
    ("/converse", Answer.json(CONVERSE), None),
    ("/converse-stream", Answer.aws_stream(CONVERSE_EVENTS), None),
    ("/count-tokens", Answer.json({"inputTokens": 9}), None),
    ("amazon.titan-embed-text-v2%3A0/invoke", Answer.json({"embedding": [0.5], "inputTextTokenCount": 1}), None),
    (
        "cohere.embed-english-v3/invoke",
        Answer.json({"embeddings": [[0.5], [0.5]]}, headers={"x-amzn-bedrock-input-token-count": "2"}),
        None,
    ),
    (":generateContent", Answer.json(GEMINI), None),
    (":embedContent", Answer.json({"embedding": {"values": [0.5]}}), None),
    (":predict", Answer.json(_VERTEX_EMBEDDINGS), None),
]


def every_api(request: RecordedRequest) -> Answer:
    """Answer as the real provider of that path does; give it to `provider.on("*", …)`."""
    if request.path.endswith(":streamGenerateContent"):
        return _gemini_stream(as_sse="alt=sse" in request.query)
    for end, plain, streamed in _ANSWERS:
        if request.path.endswith(end):
            return streamed if streamed and request.json.get("stream") else plain
    return Answer.json({"error": {"message": f"no such path: {request.path}"}}, status=404)


def _gemini_stream(*, as_sse: bool) -> Answer:
    first, last = Answer.json({**GEMINI, "usageMetadata": {}}).pieces[0], Answer.json(GEMINI).pieces[0]
    assert isinstance(first, bytes)
    assert isinstance(last, bytes)
    if as_sse:
        return Answer.sse([b"data: " + first + b"\r\n\r\n", b"data: " + last + b"\r\n\r\n"])
    return Answer([b"[" + first, b",\r\n" + last, b"\n]"], headers={"content-type": "application/json"})
