"""Tokens from bytes, for answers that were cut or carry no usage. In: a `UsageLine`. Out: estimated counts.

The constants are bytes on the wire for each token, measured on recorded streams and rounded:

- Input: 4 bytes of request body a token. OpenAI's rule of thumb for English text (Help Center, "What are tokens");
  source code and other languages have more tokens, base64 images far fewer, JSON's own characters make up for some.
- messages: 277 tokens in 15.8 kB, 57 bytes a token, in a public recording of Claude's stream (pydantic-ai,
  tests/models/cassettes/test_anthropic/test_anthropic_model_thinking_part_stream.yaml); 2.5 tokens an event.
- chat served by Claude: the same events through Portkey 1.15.2 are 244 (Anthropic) to 269 (Bedrock) bytes each.
- chat served by OpenAI: one token a chunk, 329 bytes with its padding (recorded from gpt-4o, March 2026).
- responses: one token a delta, 259 bytes with its padding (recorded from gpt-5.5: simonw/llm,
  tests/cassettes/test_openai_responses/test_responses_basic_streaming.yaml).
- chat served by Gemini: some 25 tokens a chunk. Its chunks carry running totals, so this is seldom needed.
- ollama: a chunk as Portkey 1.15.2 writes it. It drops the usage of every stream.

Two things leave no bytes, so that an estimate of a stream may be low: reasoning that the provider does not show, and
what it wrote after the caller had left. Portkey 1.15.2 does not hang up on the provider when the caller does (seen: it
took another 3,000 chunks), so the provider writes to the end and charges for it. Only a reservation covers that.
"""

from dataclasses import dataclass
from typing import Final

from gwctl.core.names import ProviderKind
from gwctl.edge.usage_log.line import UsageLine
from gwctl.edge.usage_log.values import Values

BYTES_PER_INPUT_TOKEN: Final = 4
BYTES_PER_PLAIN_OUTPUT_TOKEN: Final = 4
PLAIN_FRAME_BYTES: Final = {"chat": 250, "messages": 180, "responses": 450}
"""What is in a plain answer besides its text and its usage, as written without spaces."""

_WITHOUT_OUTPUT: Final = frozenset({"embeddings", "count_tokens"})
UNSEEN_TOKENS_PER_SECOND: Final = 100
"""How fast a model is taken to write when nobody saw the answer and nothing bounds it. Assumed, not measured."""


@dataclass(frozen=True, slots=True)
class StreamShape:
    """A kind of stream: bytes before its first token, and bytes for each token."""

    prologue: int
    per_token: int


_MESSAGES: Final = StreamShape(prologue=600, per_token=55)
_RESPONSES: Final = StreamShape(prologue=2400, per_token=260)
_CHAT: Final = StreamShape(prologue=350, per_token=330)
_CHAT_BY_CLAUDE: Final = StreamShape(prologue=500, per_token=100)
_CHAT_BY_GEMINI: Final = StreamShape(prologue=0, per_token=25)
_CHAT_BY_OLLAMA: Final = StreamShape(prologue=200, per_token=200)


def input_tokens(line: UsageLine) -> int:
    """What the request's body amounts to, rounded up."""
    return -(-line.request_bytes // BYTES_PER_INPUT_TOKEN)


def output_bound(line: UsageLine, largest_answer: int | None = None) -> int | None:
    """The most output tokens that the request itself allows, else the model's largest answers; None: not known."""
    request = Values(line.request)
    caps = {
        "chat": ("max_completion_tokens", "max_tokens"),
        "messages": ("max_tokens",),
        "responses": ("max_output_tokens",),
    }.get(line.api or "", ())
    limits = [limit for key in caps if (limit := request.count(key)) is not None]
    choices = request.count("n") if line.api == "chat" else None
    most = max(limits) if limits else largest_answer
    return None if most is None else most * max(choices or 1, 1)


def output_tokens(
    line: UsageLine,
    kind: ProviderKind | None,
    *,
    claude: bool,
    streamed: bool,
    unseen: bool,
    largest_answer: int | None = None,
) -> int:
    """What the bytes of the answer amount to, rounded up and never above the request's own bound.

    `claude` says that a Claude model served; `streamed` that the answer was a stream, whatever was asked for; `unseen`
    that the caller left before a plain answer came, which then is taken to be as long as it may be: Portkey 1.15.2
    waits for the provider all the same, and the provider charges.
    """
    bound = output_bound(line, largest_answer)
    if line.api in _WITHOUT_OUTPUT:
        return 0
    if streamed:
        shape = _shape(line, kind, claude=claude)
        estimate = _tokens(line.response_bytes - shape.prologue, shape.per_token)
    elif unseen and not line.response_bytes:
        return unseen_output_tokens(line, largest_answer)
    else:
        frame = PLAIN_FRAME_BYTES.get(line.api or "", 0)
        estimate = _tokens(line.response_bytes - frame, BYTES_PER_PLAIN_OUTPUT_TOKEN)
    return estimate if bound is None else min(estimate, bound)


def unseen_output_tokens(line: UsageLine, largest_answer: int | None = None) -> int:
    """What an answer that nobody saw is taken to hold: all that the request allows, else what its duration allows."""
    if line.api in _WITHOUT_OUTPUT:
        return 0
    bound = output_bound(line)
    if bound is not None:
        return bound
    written = _tokens(line.duration_ms * UNSEEN_TOKENS_PER_SECOND, 1000)
    most = output_bound(line, largest_answer)
    return written if most is None else min(written, most)


def _shape(line: UsageLine, kind: ProviderKind | None, *, claude: bool) -> StreamShape:
    if line.api == "messages":
        return _MESSAGES
    if line.api == "responses":
        return _RESPONSES
    if claude or kind in {"anthropic", "bedrock"}:
        return _CHAT_BY_CLAUDE
    if kind in {"google", "vertex-ai"}:
        return _CHAT_BY_GEMINI
    return _CHAT_BY_OLLAMA if kind == "ollama" else _CHAT


def _tokens(size: int, per_token: int) -> int:
    return -(-max(size, 0) // per_token)
