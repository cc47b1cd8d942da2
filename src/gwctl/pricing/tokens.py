"""Token counts of one answer, in OpenTelemetry's meaning, and the names that they carry outside this package."""

from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

OTEL_NAMES: Final[dict[str, str]] = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_creation_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "model": "gen_ai.request.model",
    "stream": "gen_ai.request.stream",
    "provider_name": "gen_ai.provider.name",
    "response_model": "gen_ai.response.model",
    "time_to_first_chunk": "gen_ai.response.time_to_first_chunk",
    "status": "http.response.status_code",
    "error_type": "error.type",
}
"""Field → name on the outside, where OpenTelemetry has one.

Source: OpenTelemetry semantic conventions for generative AI (status: Development).
"""

Count = Annotated[int, Field(ge=0)]


def otel_name(field: str) -> str:
    """The name of a field outside: OpenTelemetry's where there is one, else the field's own."""
    return OTEL_NAMES.get(field, field)


class Tokens(BaseModel):
    """What one answer used.

    `input_tokens` includes those read from and written to a cache, `output_tokens` includes reasoning, as the
    OpenTelemetry conventions say. A part is never larger than its whole: such counts are a ValidationError.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=otel_name, validate_by_name=True, validate_by_alias=True
    )

    input_tokens: Count = 0
    output_tokens: Count = 0
    cache_read_tokens: Count = Field(default=0, description="Of the input: read from the provider's cache")
    cache_creation_tokens: Count = Field(default=0, description="Of the input: written to the provider's cache")
    cache_creation_1h_tokens: Count = Field(
        default=0, description="Of the written ones: kept for an hour, not 5 minutes"
    )
    reasoning_tokens: Count = Field(default=0, description="Of the output: reasoning")
    audio_input_tokens: Count = Field(default=0, description="Of the input: audio")
    audio_output_tokens: Count = Field(default=0, description="Of the output: audio")
    web_searches: Count = Field(default=0, description="Searches that the provider ran and charges one by one")

    @model_validator(mode="after")
    def _parts_fit_their_wholes(self) -> Self:
        parts = (
            (self.cache_read_tokens + self.cache_creation_tokens, self.input_tokens, "cached input"),
            (self.cache_creation_1h_tokens, self.cache_creation_tokens, "input cached for an hour"),
            (self.audio_input_tokens, self.input_tokens, "audio input"),
            (self.reasoning_tokens, self.output_tokens, "reasoning"),
            (self.audio_output_tokens, self.output_tokens, "audio output"),
        )
        for part, whole, what in parts:
            if part > whole:
                raise ValueError(f"{part} tokens of {what} do not fit into {whole}")
        return self
