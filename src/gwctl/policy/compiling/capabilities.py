"""Which APIs a model of a provider can serve through Portkey 1.15.2; tests/gateway/portkey_contract pins it."""

from typing import Final

from gwctl.core.names import Api, ProviderKind

_CLAUDE: Final = frozenset[Api]({"chat", "messages", "count_tokens"})
_BY_KIND: Final[dict[ProviderKind, frozenset[Api]]] = {
    "openai": frozenset({"chat", "responses", "embeddings"}),
    "anthropic": _CLAUDE,
    "bedrock": _CLAUDE,
    "google": frozenset({"chat", "embeddings"}),
    "vertex-ai": frozenset({"chat", "embeddings"}),
    "azure-openai": frozenset({"chat", "responses", "embeddings"}),
    "ollama": frozenset({"chat", "embeddings"}),
}
_BEDROCK_EMBEDDINGS: Final = ("amazon.titan-embed-", "cohere.embed-")


def apis_of(kind: ProviderKind, model: str) -> frozenset[Api]:
    """What a provider of this kind can serve with this model, whose name decides on bedrock and vertex-ai."""
    if kind == "bedrock" and any(name in model for name in _BEDROCK_EMBEDDINGS):
        return frozenset({"embeddings"})
    if kind == "vertex-ai" and model.startswith("anthropic."):
        return _CLAUDE
    return _BY_KIND[kind]
