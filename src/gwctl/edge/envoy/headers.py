"""Which headers go on to Portkey and which of its answers' come back: all others end at the cluster's filters.

Envoy can remove headers by a pattern but not all except some, and its patterns (RE2) cannot look ahead: `except_for`
spells out what the other names look like. A script could remove them too, at some 40 microseconds a request.
"""

from typing import Final

from gwctl.core.names import ProviderKind
from gwctl.edge.json_types import Json, JsonObject

TO_PORTKEY: Final = (
    "accept",
    "anthropic-beta",
    "anthropic-version",
    "content-length",
    "content-type",
    "openai-beta",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "x-portkey-note",
    "x-portkey-config",
    "x-request-id",
)
_TO_ANY_PROVIDER: Final = ("accept", "content-length", "content-type", "transfer-encoding", "x-request-id")
"""What is removed here is gone from the usage log too, which needs the id."""
TO_PROVIDER: Final[dict[ProviderKind, tuple[str, ...]]] = {
    "openai": (*_TO_ANY_PROVIDER, "authorization", "openai-beta"),
    "azure-openai": (*_TO_ANY_PROVIDER, "api-key", "openai-beta"),
    "ollama": (*_TO_ANY_PROVIDER, "authorization"),
    "anthropic": (*_TO_ANY_PROVIDER, "anthropic-beta", "anthropic-version", "x-api-key"),
}
"""What a provider of each kind gets of a request on the express lane; the key is the gateway's own."""
SERVED_HEADERS: Final = {
    "provider": "x-portkey-provider",
    "option": "x-portkey-last-used-option-index",
    "attempts": "x-portkey-retry-attempt-count",
}
"""Portkey's word on who served, by its name in the usage log."""
FROM_PORTKEY: Final = (
    "cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "transfer-encoding",
    "x-gw-error",
    "x-gw-uncalled",
    "x-should-retry",
    *SERVED_HEADERS.values(),
)
"""What a client gets, and what the edge itself reads, which is removed later. All others are the gateway's business or
the provider account's."""
FROM_PROVIDER: Final = tuple(name for name in FROM_PORTKEY if not name.startswith(("x-gw-", "x-portkey-")))
"""The same of a provider's own answer."""
PATTERN_LIMIT: Final = 2_000
"""Size of the largest pattern as RE2 counts: `except_for` of the lists above has some 1,100. Envoy's default is 100."""


def all_but(names: tuple[str, ...]) -> Json:
    """A mutation of headers that removes all that are not named."""
    pattern: JsonObject = {"regex": except_for(names)}
    return {"remove_on_match": {"key_matcher": {"safe_regex": pattern}}}


def except_for(names: tuple[str, ...]) -> str:
    """A pattern that fits each whole header name but these, and no pseudo-header."""
    return _other_than(set(names), "[^{}:].*")


def _other_than(endings: set[str], strange: str = "[^{}].*") -> str:
    """Fits each text but these: one that goes on with a strange character, or with a known one and then differs."""
    known = sorted({each[0] for each in endings if each})
    if not known:
        return ".+"
    ways = [strange.format("".join(known).replace("-", r"\-"))]
    ways += [first + _other_than({each[1:] for each in endings if each.startswith(first)}) for first in known]
    if "" not in endings:
        ways.append("")
    return f"(?:{'|'.join(ways)})"
