"""The words that documents, snapshot, edge and ledger share: the APIs served, provider kinds, identifiers."""

from typing import Annotated, Final, Literal

from pydantic import StringConstraints

Api = Literal["chat", "messages", "count_tokens", "responses", "embeddings"]
"""A wire shape that the gateway serves."""

API_PATHS: Final[dict[Api, str]] = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "count_tokens": "/v1/messages/count_tokens",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
}

ProviderKind = Literal["openai", "anthropic", "bedrock", "google", "vertex-ai", "azure-openai", "ollama"]
"""A family of provider endpoints, in Portkey's own words."""

Lane = Literal["portkey", "express"]
"""The way of a request: by Portkey, or from the edge to the provider itself."""

Unit = Literal["nano_usd", "tokens", "requests"]
"""What a quota counts."""

Period = Literal["minute", "day", "month", "total"]
"""Over what a quota counts."""

Action = Literal["block", "alert", "shadow"]
"""What happens when a quota is used up."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
"""The id of a team, provider, budget or scanner rule."""

ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9+_-]{0,127}$")]
"""The id of an app client, as the token's `client_id` claim carries it."""

Alias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$")]
"""A model alias: the name that callers put into `model`, and the id of the route that serves it."""
