"""What was read out of an answer → tokens in OpenTelemetry's meaning.

In: a `UsageLine` and who served it. Out: `Usage`: tokens, and why they are an estimate if they are one.

One reader for each wire shape. A chat completion is read by who served it, because Portkey 1.15.2 hands on each
provider's way of counting (seen on the real Portkey; tests/metering/table pins it):

    served by                     prompt_tokens        completion_tokens     total_tokens
    OpenAI, Azure OpenAI          with cached ones     with reasoning        prompt + completion
    Bedrock                       with cached ones     all there is          Bedrock's own
    Anthropic, Claude on Vertex   without cached ones  with thinking         prompt + cached + created + completion
    Gemini, here or on Vertex     with cached ones     without thoughts      prompt + completion + thoughts + tool use
"""

from dataclasses import dataclass
from typing import Final, Literal

from gwctl.core.names import Api, ProviderKind
from gwctl.edge.usage_log.line import EDGE_DIED, Bound, UsageLine
from gwctl.edge.usage_log.values import Values
from gwctl.ledger.metering import estimate
from gwctl.ledger.metering.answer import CUT_FLAGS, client_left, error_type, flags
from gwctl.pricing.tokens import Tokens

Reason = Literal["client_left", "cut", "no_usage", "malformed", "inconsistent", "withheld"]
"""Why tokens are an estimate: the caller left early · the answer ended early · the answer is whole and has no usage ·
a count was no count · the counts contradict each other · the answer, and its usage, was kept back by an output rule or
for its size."""

_ONLY_IN_STREAMS: Final[dict[Api, tuple[str, ...]]] = {
    "messages": ("message.", "delta."),
    "responses": ("response.",),
}
"""How keys begin that only the events of a stream have, where plain answers have others."""

NO_TOKENS: Final = Tokens()


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer used. `estimated` is False when the provider's own final counts say so."""

    tokens: Tokens
    estimated: Reason | Literal[False] = False


@dataclass(slots=True)
class _Reading:
    """Counts as found. `input` and `output` are the least that is certain; final once they are known."""

    input: int = 0
    output: int = 0
    input_known: bool = False
    output_known: bool = False
    cache_read: int = 0
    cache_creation: int = 0
    cache_creation_1h: int = 0
    reasoning: int = 0
    audio_input: int = 0
    audio_output: int = 0
    web_searches: int = 0
    ended: bool | None = None
    """Whether the answer came to its end; None where its shape has no sign of that."""
    consistent: bool = True

    @property
    def complete(self) -> bool:
        return self.input_known and self.output_known


def normalise(
    line: UsageLine, kind: ProviderKind | None, model: str | None, largest_answer: int | None = None
) -> Usage:
    """The tokens of an answer that came from a provider. `model` is the target's, in the provider's words.

    Never negative and never contradictory: what cannot be believed is replaced by an estimate that says so, and that
    is not more than the model's largest answer, if the caller knows it.
    """
    values = Values(line.usage)
    claude = "claude" in (model or "").lower()
    streamed = _came_as_stream(line)
    if line.api == "count_tokens":
        return Usage(NO_TOKENS)
    if line.api == "messages":
        reading = _messages(values, line, streamed=streamed)
    elif line.api == "responses":
        reading = _responses(values, streamed=streamed)
    elif line.api == "embeddings":
        reading = _embeddings(values)
    else:
        reading = _chat(values, line, kind, claude=claude)
    if reading.complete:
        tokens, fits = _tokens(reading, reading.input, reading.output)
        if values.malformed:
            return Usage(tokens, "malformed")
        return Usage(tokens, False if fits and reading.consistent else "inconsistent")

    left = client_left(line)
    output = (
        reading.output
        if reading.output_known
        else estimate.output_tokens(
            line, kind, claude=claude, streamed=streamed, unseen=left, largest_answer=largest_answer
        )
    )
    if error_type(line) and not reading.input_known and not output:
        return Usage(NO_TOKENS)  # an error instead of an answer
    tokens, _ = _tokens(
        reading,
        reading.input if reading.input_known else max(reading.input, estimate.input_tokens(line)),
        max(reading.output, output),
    )
    return Usage(tokens, "malformed" if values.malformed else _reason(line, reading, left=left))


def _came_as_stream(line: UsageLine) -> bool:
    """Whether the answer was a stream, by what was found in it; what was asked for decides where nothing tells.

    A stream in which nothing was found at all is none: of each kind already the first event tells the model.
    """
    if line.details == EDGE_DIED:
        return bool(line.stream)
    if line.api in _ONLY_IN_STREAMS:
        found = line.usage.keys()
        if any(key.startswith(_ONLY_IN_STREAMS[line.api]) for key in found):
            return True
        if "model" in found:
            return False
    return bool(line.stream) and (bool(line.usage) or client_left(line))


def withheld(line: UsageLine, largest_answer: int | None = None, reason: Reason = "withheld") -> Usage:
    """The tokens of an answer that was withheld: the provider wrote it, and nobody saw how long it was."""
    output = estimate.unseen_output_tokens(line, largest_answer)
    tokens = Tokens(input_tokens=estimate.input_tokens(line), output_tokens=output)
    return Usage(tokens, reason)


def at_bound(line: UsageLine, bound: Bound) -> Usage:
    """The tokens of an answer of which nothing is known but its bound."""
    output = min(estimate.output_bound(line) or 0, bound.tokens)
    return Usage(Tokens(input_tokens=bound.tokens - output, output_tokens=output), "cut")


def _reason(line: UsageLine, reading: _Reading, *, left: bool) -> Reason:
    if line.details == EDGE_DIED:
        return "cut"
    if left:
        return "client_left"
    if reading.ended is False or CUT_FLAGS & flags(line):
        return "cut"
    return "no_usage"


def _chat(values: Values, line: UsageLine, kind: ProviderKind | None, *, claude: bool) -> _Reading:
    prompt, completion = values.count("usage.prompt_tokens"), values.count("usage.completion_tokens")
    if not prompt and not completion:
        return _Reading()
    total = values.count("usage.total_tokens")
    reading_in, reading_out = prompt or 0, completion or 0
    read = _most(values, "usage.prompt_tokens_details.cached_tokens", "usage.cache_read_input_tokens") or 0
    created = _most(values, "usage.prompt_tokens_details.cache_write_tokens", "usage.cache_creation_input_tokens") or 0
    reasoning = values.count("usage.completion_tokens_details.reasoning_tokens") or 0
    reported = reading_in + reading_out
    gemini = kind in {"google", "vertex-ai"} and not claude
    if kind == "anthropic" or (kind == "vertex-ai" and claude) or (kind is None and total == reported + read + created):
        if not created and total is not None and completion is not None:
            # Portkey leaves out what Claude on Vertex wrote to the cache, but counts it in the total.
            created = max(total - reported - read, 0)
        reading_in += read + created
    elif gemini:
        reading_out += reasoning
        if total is not None:
            # Results of tools that Google ran are input beside the prompt, and only in the total.
            reading_in += max(total - reading_in - reading_out, 0)
    elif reasoning and (total == reported + reasoning or reasoning > reading_out):
        reading_out += reasoning  # an OpenAI-compatible server that counts reasoning beside the completion
    final = completion is not None and not (gemini and line.stream and CUT_FLAGS & flags(line))
    return _Reading(
        input=reading_in,
        output=reading_out,
        input_known=prompt is not None and (gemini or completion is not None),
        output_known=final,
        cache_read=read,
        cache_creation=created,
        reasoning=reasoning,
        audio_input=values.count("usage.prompt_tokens_details.audio_tokens") or 0,
        audio_output=values.count("usage.completion_tokens_details.audio_tokens") or 0,
        consistent=total is None or kind == "bedrock" or total == reading_in + reading_out,
    )


def _messages(values: Values, line: UsageLine, *, streamed: bool) -> _Reading:
    """Anthropic counts cached input beside `input_tokens`; a stream's counts grow and never shrink."""
    fresh = _most(values, "message.usage.input_tokens", "usage.input_tokens")
    read = _most(values, "message.usage.cache_read_input_tokens", "usage.cache_read_input_tokens") or 0
    created = _most(values, "message.usage.cache_creation_input_tokens", "usage.cache_creation_input_tokens") or 0
    kept = {
        ttl: _most(
            values,
            f"message.usage.cache_creation.ephemeral_{ttl}_input_tokens",
            f"usage.cache_creation.ephemeral_{ttl}_input_tokens",
        )
        or 0
        for ttl in ("5m", "1h")
    }
    created = max(created, kept["5m"] + kept["1h"])
    whole = (fresh or 0) + read + created
    ended = "delta.stop_reason" in values if streamed else not CUT_FLAGS & flags(line)
    return _Reading(
        input=whole,
        output=_most(values, "message.usage.output_tokens", "usage.output_tokens") or 0,
        # Of a Bedrock stream Portkey begins with zeros and tells the input at the end.
        input_known=fresh is not None and (ended or whole > 0),
        output_known=ended and "usage.output_tokens" in values,
        cache_read=read,
        cache_creation=created,
        cache_creation_1h=kept["1h"],
        reasoning=values.count("usage.output_tokens_details.thinking_tokens") or 0,
        web_searches=values.count("usage.server_tool_use.web_search_requests") or 0,
        ended=ended,
    )


def _responses(values: Values, *, streamed: bool) -> _Reading:
    """OpenAI counts cached input and reasoning inside. The last event of a stream has the whole response."""
    prefix = "response." if streamed else ""
    written, answered = values.count(f"{prefix}usage.input_tokens"), values.count(f"{prefix}usage.output_tokens")
    return _Reading(
        input=written or 0,
        output=answered or 0,
        input_known=written is not None,
        output_known=answered is not None,
        cache_read=values.count(f"{prefix}usage.input_tokens_details.cached_tokens") or 0,
        cache_creation=values.count(f"{prefix}usage.input_tokens_details.cache_write_tokens") or 0,
        reasoning=values.count(f"{prefix}usage.output_tokens_details.reasoning_tokens") or 0,
        web_searches=values.count(f"{prefix}tool_usage.web_search.num_requests") or 0,
        ended=values.text(f"{prefix}status") in {"completed", "incomplete", "failed", "cancelled"},
    )


def _embeddings(values: Values) -> _Reading:
    """Where a provider does not count, Portkey says -1 (Google, Cohere on Bedrock) or 0 (Vertex AI)."""
    prompt = values.count("usage.prompt_tokens") or 0
    return _Reading(input=prompt, input_known=prompt > 0, output_known=True)


def _most(values: Values, one: str, other: str) -> int | None:
    first, second = values.count(one), values.count(other)
    if first is None or second is None:
        return second if first is None else first
    return max(first, second)


def _tokens(reading: _Reading, input_tokens: int, output_tokens: int) -> tuple[Tokens, bool]:
    """Tokens whose parts fit into their wholes, and whether they did so from the start."""
    cached = reading.cache_read + reading.cache_creation
    whole = max(input_tokens, cached)
    parts = Tokens(
        input_tokens=whole,
        output_tokens=output_tokens,
        cache_read_tokens=reading.cache_read,
        cache_creation_tokens=reading.cache_creation,
        cache_creation_1h_tokens=min(reading.cache_creation_1h, reading.cache_creation),
        reasoning_tokens=min(reading.reasoning, output_tokens),
        audio_input_tokens=min(reading.audio_input, whole),
        audio_output_tokens=min(reading.audio_output, output_tokens),
        web_searches=reading.web_searches,
    )
    fits = (
        cached <= input_tokens
        and parts.reasoning_tokens == reading.reasoning
        and parts.audio_input_tokens == reading.audio_input
        and parts.audio_output_tokens == reading.audio_output
    )
    return parts, fits
