"""Which APIs a provider kind can serve through Portkey 1.15.2; pinned by tests/gateway/portkey_contract."""

from typing import Final

from gwctl.policy.names import Api, ProviderKind

CAPABILITIES: Final[dict[ProviderKind, frozenset[Api]]] = {
    "openai": frozenset({"chat", "responses", "embeddings"}),
    "anthropic": frozenset({"chat", "messages", "count_tokens"}),
    "bedrock": frozenset({"chat", "messages", "embeddings"}),
    "google": frozenset({"chat", "embeddings"}),
    "vertex-ai": frozenset({"chat", "embeddings"}),
    "azure-openai": frozenset({"chat", "responses", "embeddings"}),
    "ollama": frozenset({"chat", "embeddings"}),
}
