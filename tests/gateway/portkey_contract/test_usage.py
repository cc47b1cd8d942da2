"""Token counts as Portkey reports them, and the traps: the same name means different things per serving provider.

The recorded answers of Anthropic and Bedrock all count 211 uncached, 1,903 cached and 50 newly cached input tokens
and 100 output tokens.
"""

import json
from typing import Any

import pytest

from gateway.portkey_contract.portkey_process import Portkey, events
from gateway.portkey_contract.recipes import RECIPES, TOKENS, every_api
from support.replay_provider import ReplayProvider

INPUT = TOKENS.uncached + TOKENS.cache_read + TOKENS.cache_write


@pytest.fixture(autouse=True)
def _provider_knows_every_api(provider: ReplayProvider) -> None:
    provider.on("*", every_api)


def plain_usage(portkey: Portkey, provider: ReplayProvider, recipe: str, api: str) -> dict[str, Any]:
    return portkey.ask(api, RECIPES[recipe](provider.url)).json()["usage"]


def streamed_usage(portkey: Portkey, provider: ReplayProvider, recipe: str, api: str) -> list[dict[str, Any]]:
    """The usage objects of a stream, in order."""
    with portkey.stream(api, RECIPES[recipe](provider.url)) as answer:
        answer.read()
    data = [json.loads(line) for line in events(answer) if line != "[DONE]"]
    found = [event.get("usage") or event.get("message", {}).get("usage") for event in data]
    return [usage for usage in found if usage]


@pytest.mark.parametrize("how", [plain_usage, lambda *a: streamed_usage(*a)[-1]], ids=["plain", "streamed"])
def test_chat_by_anthropic_counts_cached_tokens_beside_prompt_tokens(portkey: Portkey, provider: ReplayProvider, how):
    """The token trap: cached_tokens is larger than the prompt_tokens it should be a part of."""
    usage = how(portkey, provider, "anthropic", "chat")

    assert usage == {
        "prompt_tokens": TOKENS.uncached,
        "completion_tokens": TOKENS.output,
        "total_tokens": INPUT + TOKENS.output,
        "prompt_tokens_details": {"cached_tokens": TOKENS.cache_read},
        "cache_read_input_tokens": TOKENS.cache_read,
        "cache_creation_input_tokens": TOKENS.cache_write,
    }


@pytest.mark.parametrize("how", [plain_usage, lambda *a: streamed_usage(*a)[-1]], ids=["plain", "streamed"])
def test_chat_by_bedrock_counts_them_inside(portkey: Portkey, provider: ReplayProvider, how):
    usage = how(portkey, provider, "bedrock", "chat")

    assert usage == {
        "prompt_tokens": INPUT,
        "completion_tokens": TOKENS.output,
        "total_tokens": INPUT + TOKENS.output,
        "prompt_tokens_details": {"cached_tokens": TOKENS.cache_read},
        "cache_read_input_tokens": TOKENS.cache_read,
        "cache_creation_input_tokens": TOKENS.cache_write,
    }


def test_chat_by_anthropic_on_vertex_hides_newly_cached_tokens_in_the_total(portkey: Portkey, provider: ReplayProvider):
    usage = plain_usage(portkey, provider, "vertex-ai, anthropic model", "chat")

    assert usage == {
        "prompt_tokens": TOKENS.uncached,
        "completion_tokens": TOKENS.output,
        "total_tokens": INPUT + TOKENS.output,
        "prompt_tokens_details": {"cached_tokens": TOKENS.cache_read},
    }


def test_streamed_chat_by_anthropic_on_vertex_counts_twice_and_the_last_is_whole(
    portkey: Portkey, provider: ReplayProvider
):
    first, last = streamed_usage(portkey, provider, "vertex-ai, anthropic model", "chat")

    assert first == {"prompt_tokens": TOKENS.uncached}
    assert last["cache_creation_input_tokens"] == TOKENS.cache_write
    assert last["total_tokens"] == INPUT + TOKENS.output


@pytest.mark.parametrize("recipe", ["google", "vertex-ai"])
def test_chat_by_gemini_counts_reasoning_beside_completion_tokens(
    portkey: Portkey, provider: ReplayProvider, recipe: str
):
    plain = plain_usage(portkey, provider, recipe, "chat")
    (streamed,) = streamed_usage(portkey, provider, recipe, "chat")

    for usage in (plain, streamed):
        assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (10, 4, 20)
        assert usage["completion_tokens_details"]["reasoning_tokens"] == 6
        assert usage["prompt_tokens_details"]["cached_tokens"] == 3


@pytest.mark.parametrize("recipe", ["anthropic", "bedrock", "vertex-ai, anthropic model"])
def test_messages_count_as_anthropic_does(portkey: Portkey, provider: ReplayProvider, recipe: str):
    assert plain_usage(portkey, provider, recipe, "messages") == {
        "input_tokens": TOKENS.uncached,
        "cache_read_input_tokens": TOKENS.cache_read,
        "cache_creation_input_tokens": TOKENS.cache_write,
        "output_tokens": TOKENS.output,
    }


def test_streamed_messages_by_anthropic_count_input_first_and_output_last(portkey: Portkey, provider: ReplayProvider):
    first, last = streamed_usage(portkey, provider, "anthropic", "messages")

    assert (first["input_tokens"], first["cache_read_input_tokens"]) == (TOKENS.uncached, TOKENS.cache_read)
    assert last == {"output_tokens": TOKENS.output}


def test_streamed_messages_by_bedrock_count_nothing_first_and_everything_last(
    portkey: Portkey, provider: ReplayProvider
):
    first, last = streamed_usage(portkey, provider, "bedrock", "messages")

    assert set(first.values()) == {0}
    assert last == {
        "input_tokens": TOKENS.uncached,
        "cache_read_input_tokens": TOKENS.cache_read,
        "cache_creation_input_tokens": TOKENS.cache_write,
        "output_tokens": TOKENS.output,
    }


@pytest.mark.parametrize("recipe", ["openai", "azure-openai"])
def test_chat_by_openai_counts_as_openai_does(portkey: Portkey, provider: ReplayProvider, recipe: str):
    (streamed,) = streamed_usage(portkey, provider, recipe, "chat")

    assert streamed == plain_usage(portkey, provider, recipe, "chat")
    assert streamed["prompt_tokens_details"] == {"cached_tokens": 4}


def test_streamed_chat_by_ollama_loses_its_usage(portkey: Portkey, provider: ReplayProvider):
    """Provider `openai` with Ollama's URL and `/v1` as custom_host keeps it, and embeddings and responses work."""
    assert streamed_usage(portkey, provider, "ollama", "chat") == []


@pytest.mark.parametrize("recipe", ["google", "ollama"])
def test_embeddings_by_google_and_ollama_count_minus_one(portkey: Portkey, provider: ReplayProvider, recipe: str):
    usage = plain_usage(portkey, provider, recipe, "embeddings")

    assert usage == {"prompt_tokens": -1, "total_tokens": -1}


@pytest.mark.parametrize(
    ("recipe", "tokens"),
    [
        ("openai", 2),
        ("azure-openai", 2),
        ("bedrock, titan embedding", 1),
        ("bedrock, cohere embedding", 2),
        ("vertex-ai", 2),
    ],
)
def test_embeddings_by_others_are_counted(portkey: Portkey, provider: ReplayProvider, recipe: str, tokens: int):
    assert plain_usage(portkey, provider, recipe, "embeddings") == {"prompt_tokens": tokens, "total_tokens": tokens}


@pytest.mark.parametrize(
    ("recipe", "model"), [("bedrock", "eu.anthropic.claude-sonnet-4-20250514-v1:0"), ("openai", "gpt-4o-2024-11-20")]
)
def test_the_model_of_an_answer_is_the_providers_name_for_it(
    portkey: Portkey, provider: ReplayProvider, recipe: str, model: str
):
    assert portkey.ask("chat", RECIPES[recipe](provider.url)).json()["model"] == model
