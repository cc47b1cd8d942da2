"""What the edge reads out of requests and answers: JSON paths, from which it renders Envoy's rules.

    REQUEST_FIELDS  in the body of a request
    ANSWER_FIELDS   in the body of a plain JSON answer
    EVENT_FIELDS    in the data of an event of a streamed answer

One set of rules serves every API, because Envoy's filters are configured once for all. A value is kept under its path
joined by dots; the line of the usage log says which API it belongs to. Envoy's selectors take object keys and no
array index, and of a stream the last event that has the path wins.

Where the shapes are documented:

- chat, embeddings: OpenAI API reference, the chat completion object and its chunks (`stream_options.include_usage`),
  the embedding object. Portkey adds `usage.cache_*` when Anthropic or Bedrock served.
- messages: Anthropic API reference, Messages and "Streaming messages". `message_start` carries `message.usage`; the
  counts in the `usage` of a `message_delta` are cumulative, and only the last one has a `stop_reason`.
- responses: OpenAI API reference, the response object; of a stream the `response.*` events carry it in `response`.
- The fields are those of the packages openai 3.54.0 and anthropic 2.12.0: `CompletionUsage`, `ResponseUsage`,
  `Usage`, `MessageDeltaUsage`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from gwctl.core.names import Api

MAX_EVENT_BYTES: Final = 10 * 1024 * 1024
"""What `max_event_size` of Envoy's sse_to_metadata must be: the largest value that it accepts.

Envoy drops larger events, and at its default of 8 KiB it would drop many a `response.completed`, which repeats the
request's instructions and tools and the whole answer beside the usage.
"""

ValueType = Literal["number", "string"]


@dataclass(frozen=True, slots=True)
class Field:
    """A value to read: where it is, how Envoy is to render it, and the APIs in which it means something."""

    path: tuple[str, ...]
    type: ValueType
    apis: tuple[Api, ...]
    constant: str | None = None
    """What is kept in place of the value, whose words may be about the conversation."""

    @property
    def key(self) -> str:
        """The name of the value in the usage log."""
        return ".".join(self.path)


def _number(key: str, *apis: Api) -> Field:
    return Field(tuple(key.split(".")), "number", apis)


def _string(key: str, *apis: Api) -> Field:
    return Field(tuple(key.split(".")), "string", apis)


REQUEST_FIELDS: Final = (
    _string("model", "chat", "messages", "count_tokens", "responses", "embeddings"),
    # Booleans. Envoy writes them as "1" and "0" or as "true" and "false".
    _string("stream", "chat", "messages", "responses"),
    _string("background", "responses"),
    _number("max_tokens", "chat", "messages"),
    _number("max_completion_tokens", "chat"),
    _number("max_output_tokens", "responses"),
    _number("n", "chat"),
    _string("service_tier", "chat", "messages", "responses"),
    _string("speed", "messages"),
)

ANSWER_FIELDS: Final = (
    _string("model", "chat", "messages", "responses", "embeddings"),
    _string("service_tier", "chat", "responses"),
    _string("status", "responses"),
    _string("error.type", "chat", "messages", "responses", "embeddings"),
    _string("error.code", "responses"),
    _number("usage.prompt_tokens", "chat", "embeddings"),
    _number("usage.completion_tokens", "chat"),
    _number("usage.total_tokens", "chat"),
    _number("usage.prompt_tokens_details.cached_tokens", "chat"),
    _number("usage.prompt_tokens_details.cache_write_tokens", "chat"),
    _number("usage.prompt_tokens_details.audio_tokens", "chat"),
    _number("usage.completion_tokens_details.reasoning_tokens", "chat"),
    _number("usage.completion_tokens_details.audio_tokens", "chat"),
    _number("usage.input_tokens", "messages", "responses"),
    _number("usage.output_tokens", "messages", "responses"),
    _number("usage.cache_read_input_tokens", "chat", "messages"),
    _number("usage.cache_creation_input_tokens", "chat", "messages"),
    _number("usage.cache_creation.ephemeral_5m_input_tokens", "messages"),
    _number("usage.cache_creation.ephemeral_1h_input_tokens", "messages"),
    _number("usage.output_tokens_details.thinking_tokens", "messages"),
    _number("usage.server_tool_use.web_search_requests", "messages"),
    _string("usage.speed", "messages"),
    _number("usage.input_tokens_details.cached_tokens", "responses"),
    _number("usage.input_tokens_details.cache_write_tokens", "responses"),
    _number("usage.output_tokens_details.reasoning_tokens", "responses"),
    _number("tool_usage.web_search.num_requests", "responses"),
)

EVENT_FIELDS: Final = (
    # chat: every chunk has the model; the chunk before [DONE] has the usage, or, from Gemini, every chunk has.
    _string("model", "chat"),
    _string("service_tier", "chat"),
    _string("error.type", "chat", "messages"),
    # A number with some providers, and others say neither.
    _string("error.code", "chat", "messages"),
    Field(("error",), "string", ("chat", "messages"), constant="error"),
    _number("usage.prompt_tokens", "chat"),
    _number("usage.completion_tokens", "chat"),
    _number("usage.total_tokens", "chat"),
    _number("usage.prompt_tokens_details.cached_tokens", "chat"),
    _number("usage.prompt_tokens_details.cache_write_tokens", "chat"),
    _number("usage.prompt_tokens_details.audio_tokens", "chat"),
    _number("usage.completion_tokens_details.reasoning_tokens", "chat"),
    _number("usage.completion_tokens_details.audio_tokens", "chat"),
    # messages: what message_start says, what message_delta says, and that the last message_delta came.
    _string("message.model", "messages"),
    _number("message.usage.input_tokens", "messages"),
    _number("message.usage.output_tokens", "messages"),
    _number("message.usage.cache_read_input_tokens", "messages"),
    _number("message.usage.cache_creation_input_tokens", "messages"),
    _number("message.usage.cache_creation.ephemeral_5m_input_tokens", "messages"),
    _number("message.usage.cache_creation.ephemeral_1h_input_tokens", "messages"),
    _string("message.usage.speed", "messages"),
    _number("usage.input_tokens", "messages"),
    _number("usage.output_tokens", "messages"),
    _number("usage.cache_read_input_tokens", "chat", "messages"),
    _number("usage.cache_creation_input_tokens", "chat", "messages"),
    _number("usage.output_tokens_details.thinking_tokens", "messages"),
    _number("usage.server_tool_use.web_search_requests", "messages"),
    _string("delta.stop_reason", "messages"),
    # responses: the last response.* event has everything; an error event has a code of its own.
    _string("response.model", "responses"),
    _string("response.service_tier", "responses"),
    _string("response.status", "responses"),
    _string("response.error.code", "responses"),
    _string("code", "responses"),
    _number("response.usage.input_tokens", "responses"),
    _number("response.usage.output_tokens", "responses"),
    _number("response.usage.input_tokens_details.cached_tokens", "responses"),
    _number("response.usage.input_tokens_details.cache_write_tokens", "responses"),
    _number("response.usage.output_tokens_details.reasoning_tokens", "responses"),
    _number("response.tool_usage.web_search.num_requests", "responses"),
)
