"""Which provider serves which API. What is not in the table, Portkey refuses without calling anybody."""

import pytest

from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import PATHS, RECIPES, STREAMED, every_api
from support.replay_provider import ReplayProvider

CAPABILITIES = {
    "openai": {"chat", "responses", "embeddings"},
    "anthropic": {"chat", "messages", "count_tokens"},
    # models of anthropic and of others; embeddings for amazon.titan-embed-* and cohere.embed-* only
    "bedrock": {"chat", "messages", "count_tokens"},
    "bedrock, other model": {"chat", "messages", "count_tokens", "embeddings"},
    "bedrock, titan embedding": {"chat", "messages", "count_tokens", "embeddings"},
    "bedrock, cohere embedding": {"chat", "messages", "count_tokens", "embeddings"},
    "google": {"chat", "embeddings"},
    "vertex-ai": {"chat", "embeddings"},
    "vertex-ai, anthropic model": {"chat", "messages", "count_tokens"},
    "azure-openai": {"chat", "responses", "embeddings"},
    "azure-openai, v1 API": {"chat", "responses", "embeddings"},
    "ollama": {"chat", "embeddings"},
}
"""Portkey decides by provider and, for bedrock and vertex-ai, by the model's prefix; not by what the model can do."""

PAIRS = [(recipe, api) for recipe in RECIPES for api in PATHS]
SERVED = [pair for pair in PAIRS if pair[1] in CAPABILITIES[pair[0]]]
ANSWERED = [pair for pair in SERVED if pair != ("bedrock, other model", "embeddings")]


@pytest.fixture(autouse=True)
def _provider_knows_every_api(provider: ReplayProvider) -> None:
    provider.on("*", every_api)


@pytest.mark.parametrize(("recipe", "api"), ANSWERED)
def test_serves(portkey: Portkey, provider: ReplayProvider, recipe: str, api: str):
    answer = portkey.ask(api, RECIPES[recipe](provider.url))

    assert (answer.status_code, len(provider.requests)) == (200, 1)
    assert "error" not in answer.json()
    assert answer.headers["x-portkey-provider"] == recipe.split(",")[0]


@pytest.mark.parametrize(("recipe", "api"), [pair for pair in SERVED if pair[1] in STREAMED])
def test_serves_streamed(portkey: Portkey, provider: ReplayProvider, recipe: str, api: str):
    with portkey.stream(api, RECIPES[recipe](provider.url)) as answer:
        text = answer.read().decode()

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert "hello" in text


@pytest.mark.parametrize(("recipe", "api"), [pair for pair in PAIRS if pair not in SERVED])
def test_refuses(portkey: Portkey, provider: ReplayProvider, recipe: str, api: str):
    answer = portkey.ask(api, RECIPES[recipe](provider.url))

    assert (answer.status_code, provider.requests) == (500, [])
    assert answer.headers["x-portkey-gateway-exception"] == "true"
    assert answer.json()["message"].endswith(f"is not supported by {recipe.split(',')[0]}")
