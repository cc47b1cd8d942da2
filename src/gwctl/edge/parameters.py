"""What becomes of each parameter of a request on its way to each kind of provider.

In: an API and the dialects of a variant's targets. Out: parameter → treatment. One table, which `policy_tables` writes
for the edge and the documents show. What Portkey 1.15.2 does with a parameter was read in its lists;
tests/gateway/translation holds each row to it.

The parameters are those of OpenAI's and Anthropic's API references (chat completions, responses, embeddings, messages),
and fields of a provider's own that Portkey knows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from gwctl.core.names import Api, ProviderKind

Dialect = Literal[
    "openai", "azure", "anthropic", "vertex-claude", "bedrock-claude", "bedrock", "google", "vertex", "titan", "cohere"
]
"""How Portkey speaks to a target."""
Treatment = Literal["passed", "translated", "dropped", "refused"]

DIALECTS: Final[dict[Dialect, str]] = {
    "openai": "openai, ollama",
    "azure": "azure-openai",
    "anthropic": "anthropic",
    "vertex-claude": "vertex-ai, Claude",
    "bedrock-claude": "bedrock, Claude",
    "bedrock": "bedrock, others",
    "google": "google",
    "vertex": "vertex-ai, Gemini",
    "titan": "bedrock, Titan",
    "cohere": "bedrock, Cohere",
}

NATIVE: Final[dict[Api, Dialect]] = {
    "chat": "openai",
    "responses": "openai",
    "embeddings": "openai",
    "messages": "anthropic",
    "count_tokens": "anthropic",
}
"""Who speaks an API natively: such a target can be sent a body as it is."""

REWRITTEN: Final[dict[Api, frozenset[Dialect]]] = {
    "chat": frozenset({"anthropic", "vertex-claude", "bedrock-claude", "bedrock", "google", "vertex"}),
    "messages": frozenset({"bedrock-claude", "bedrock"}),
    "count_tokens": frozenset({"bedrock-claude", "bedrock"}),
    "responses": frozenset(),
    "embeddings": frozenset({"google", "vertex", "titan", "cohere"}),
}
"""Targets for which Portkey goes through a body and writes another one."""

_COLUMNS: Final[dict[Api, tuple[Dialect, ...]]] = {
    "chat": ("openai", "azure", "anthropic", "vertex-claude", "bedrock-claude", "bedrock", "google", "vertex"),
    "messages": ("anthropic", "vertex-claude", "bedrock-claude", "bedrock"),
    "count_tokens": ("anthropic", "vertex-claude", "bedrock-claude", "bedrock"),
    "responses": ("openai", "azure"),
    "embeddings": ("openai", "azure", "google", "vertex", "titan", "cohere"),
}

_WORDS: Final[dict[str, Treatment]] = {"p": "passed", "t": "translated", "d": "dropped", "r": "refused"}
# A capital: Portkey does not know the parameter, so it is passed where the whole body can be handed on as it is, and
# treated as the small letter says where it cannot (content rules hold, or other targets stand behind).

# fmt: off
_CHAT: Final = {
    #                       openai azure anthropic vertex-claude bedrock-claude bedrock google vertex
    "audio":                 "p p r r r r r r",
    "cache_control":         "D d d d d d d d",
    "frequency_penalty":     "p p r r r r r r",
    "function_call":         "p p r r r r r r",
    "functions":             "p p r r r r r r",
    "logit_bias":            "p p r r r r r r",
    "logprobs":              "p p r r r r t t",
    "max_completion_tokens": "p p t t t t t t",
    "max_tokens":            "p p p p t t t t",
    "messages":              "p p t t t t t t",
    "metadata":              "p p d d d d d d",
    "modalities":            "p p r r r r t t",
    "model":                 "t t t t t t t t",
    "n":                     "p p r r r r r r",
    "parallel_tool_calls":   "p r r r r r r r",
    "prediction":            "p p d d d d d d",
    "presence_penalty":      "p p r r r r r r",
    "prompt_cache_key":      "p p d d d d d d",
    "prompt_cache_retention":"D d d d d d d d",
    "reasoning_effort":      "p p d d d d t t",
    "response_format":       "p p r r r r t t",
    "safety_identifier":     "p p d d d d d d",
    "seed":                  "p p d d d d t t",
    "service_tier":          "p d d d d d d d",
    "stop":                  "p p t t t t t t",
    "store":                 "p p d d d d d d",
    "stream":                "p p p p t t t t",
    "stream_options":        "p p t t t t t t",
    "temperature":           "p p t t t t t t",
    "thinking":              "R r p p t r t t",
    "tool_choice":           "p p t t t t t t",
    "tools":                 "p p t t t t t t",
    "top_k":                 "R r p p t r t t",
    "top_logprobs":          "p p r r r r t t",
    "top_p":                 "p p p p t t t t",
    "user":                  "p p t t t d d d",
    "verbosity":             "p p d d d d d d",
    "web_search_options":    "p p r r r r r r",
    # Fields of a provider's own.
    "additional_model_request_fields": "R r r r p p r r",
    "anthropic_beta":        "R r r r p r r r",
    "anthropic_version":     "R r r p p r r r",
    "guardrail_config":      "R r r r p p r r",
    "image_config":          "R r r r r r t r",
    "labels":                "R r r r r r r p",
    "performance_config":    "R r r r p p r r",
    "safety_settings":       "R r r r r r r p",
}
_MESSAGES: Final = {
    #                       anthropic vertex-claude bedrock-claude bedrock
    "cache_control":         "D d d d",
    "container":             "p p r r",
    "context_management":    "D d d d",
    "inference_geo":         "R r r r",
    "max_tokens":            "p p t t",
    "mcp_servers":           "p p r r",
    "messages":              "p p t t",
    "metadata":              "p p t t",
    "model":                 "t t t t",
    "output_config":         "D d d d",
    "output_format":         "R r r r",
    "service_tier":          "p p d d",
    "speed":                 "D d d d",
    "stop_sequences":        "p p t t",
    "stream":                "p p t t",
    "system":                "p p t t",
    "temperature":           "p p t t",
    "thinking":              "p p t r",
    "tool_choice":           "p p t t",
    "tools":                 "p p t t",
    "top_k":                 "p p t r",
    "top_p":                 "p p t t",
    # Fields of a provider's own.
    "additional_model_request_fields": "R r p r",
    "anthropic_beta":        "R r p r",
    "anthropic_version":     "R p p r",
    "performance_config":    "R r p p",
}
_RESPONSES: Final = {
    #                       openai azure
    **dict.fromkeys(
        (
            "background", "conversation", "include", "input", "instructions", "max_output_tokens", "max_tool_calls",
            "metadata", "modalities", "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key",
            "reasoning", "safety_identifier", "service_tier", "store", "stream", "stream_options", "temperature",
            "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user", "verbosity",
        ),
        "p p",
    ),
    "client_metadata":        "D d",
    "context_management":     "R r",
    "model":                  "t t",
    "prompt_cache_retention": "D d",
}
_EMBEDDINGS: Final = {
    #                       openai azure google vertex titan cohere
    "dimensions":            "p p r t t r",
    "encoding_format":       "p p d d t t",
    "input":                 "p p t t t t",
    "model":                 "t t t t t t",
    "user":                  "p p d d d d",
    # Fields of a provider's own.
    "input_type":            "R r r r r p",
    "normalize":             "R r r r p r",
    "parameters":            "R r r p r r",
    "truncate":              "R r r r r p",
}
# fmt: on
_ROWS: Final[dict[Api, dict[str, str]]] = {
    "chat": _CHAT,
    "messages": _MESSAGES,
    # Nothing is answered there, so that nothing can mean something else: what is left out is not counted.
    "count_tokens": {name: row.replace("r", "d").replace("R", "D") for name, row in _MESSAGES.items()},
    "responses": _RESPONSES,
    "embeddings": _EMBEDDINGS,
}

HARMLESS: Final[dict[str, tuple[str, ...]]] = {
    "frequency_penalty": ("0", "0.0"),
    "function_call": ('"auto"', '"none"'),
    "functions": ("[]",),
    "logit_bias": ("{}",),
    "logprobs": ("false",),
    "modalities": ('["text"]',),
    "n": ("1",),
    "parallel_tool_calls": ("true",),
    "presence_penalty": ("0", "0.0"),
    "response_format": ('{"type":"text"}',),
    "service_tier": ('"auto"', '"default"', '"standard_only"'),
    "store": ("false",),
    "thinking": ('{"type":"disabled"}',),
    "top_logprobs": ("0",),
}
"""Values that say what holds without them, as JSON without spaces. null is one of every parameter."""

REFUSED_WITH: Final[dict[str, str]] = {"output_config": "format"}
"""Parameters that are dropped unless they have this member, which changes the answer."""


@dataclass(frozen=True)
class Treated:
    """What the edge does with a body: for each parameter p, d or r, and for those that are not named here."""

    by_name: dict[str, str]
    others: str


def dialect(kind: ProviderKind, model: str) -> Dialect:
    """How a target is spoken to."""
    name = model.lower()
    match kind:
        case "openai" | "ollama":
            return "openai"
        case "azure-openai":
            return "azure"
        case "anthropic":
            return "anthropic"
        case "google":
            return "google"
        case "vertex-ai":
            return "vertex-claude" if name.startswith("anthropic.") else "vertex"
        case "bedrock":
            if "titan-embed" in name:
                return "titan"
            if "cohere.embed" in name:
                return "cohere"
            return "bedrock-claude" if "anthropic." in name else "bedrock"


def columns(api: Api) -> tuple[Dialect, ...]:
    """The dialects in which an API can be served."""
    return _COLUMNS[api]


def rows(api: Api) -> dict[str, tuple[Treatment, ...]]:
    """Parameter → what becomes of it, for each of `columns`."""
    return {name: tuple(_WORDS[_in_words(code)] for code in row.split()) for name, row in sorted(_ROWS[api].items())}


def _in_words(code: str) -> str:
    return "p" if code.isupper() else code


def is_native(api: Api, dialects: Iterable[Dialect]) -> bool:
    """Whether all targets take the body as it is."""
    return all(each == NATIVE[api] for each in dialects)


def treated(api: Api, dialects: Iterable[Dialect], *, as_it_is: bool) -> Treated:
    """The strictest treatment among the dialects. `as_it_is`: the body may be handed on as a whole.

    h: passed by handing on the body as it is; p: passed or translated; d: dropped; r: refused.
    """
    places = [_COLUMNS[api].index(each) for each in sorted(set(dialects))]
    by_name: dict[str, str] = {}
    for name, row in _ROWS[api].items():
        codes = row.split()
        found = {codes[place] for place in places}
        if as_it_is:
            found = {"h" if code.isupper() else code for code in found}
        found = {"p" if code == "t" else code.lower() for code in found}
        by_name[name] = next(code for code in "rdhp" if code in found)
    return Treated(by_name, "h" if as_it_is else "d" if api == "count_tokens" else "r")
