"""OpenAI's Python SDK against the running gateway."""

import uuid
from collections.abc import Callable
from typing import Any

import openai
import pytest

from support.gateway import Gateway

GPT, CLAUDE, EMBEDDING = "sample-gpt", "sample-claude", "sample-embedding"


@pytest.fixture
def prompt() -> str:
    """Words that the sample provider repeats in its answer."""
    return f"Say {uuid.uuid4()}."


def ask(prompt: str) -> list[Any]:
    return [{"role": "user", "content": prompt}]


def test_a_chat_completion(openai_client: openai.OpenAI, prompt: str):
    answer = openai_client.chat.completions.create(model=GPT, messages=ask(prompt))

    assert prompt in (answer.choices[0].message.content or "")


def test_a_streamed_chat_completion_comes_in_pieces(openai_client: openai.OpenAI, prompt: str):
    stream = openai_client.chat.completions.create(model=GPT, messages=ask(prompt), stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]

    assert len(pieces) > 5
    assert prompt in "".join(pieces)


def test_a_chat_completion_served_by_anthropic(openai_client: openai.OpenAI, prompt: str):
    answer = openai_client.chat.completions.create(model=CLAUDE, messages=ask(prompt), max_tokens=100)

    assert prompt in (answer.choices[0].message.content or "")


def test_a_streamed_response_ends_with_the_whole_text(openai_client: openai.OpenAI, prompt: str):
    with openai_client.responses.stream(model=GPT, input=prompt) as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()

    assert len(pieces) > 5
    assert prompt in final.output_text
    assert "".join(pieces) == final.output_text


def test_embeddings(openai_client: openai.OpenAI):
    answer = openai_client.embeddings.create(model=EMBEDDING, input=["one", "two"])

    assert [len(each.embedding) > 0 for each in answer.data] == [True, True]


def test_the_list_of_models_has_the_routes(openai_client: openai.OpenAI):
    assert {GPT, CLAUDE, EMBEDDING} <= {model.id for model in openai_client.models.list()}


def test_the_usage_that_it_shows_is_the_usage_that_is_metered(
    openai_client: openai.OpenAI, running_gateway: Gateway, prompt: str
):
    mark = running_gateway.usage_mark()
    used = openai_client.chat.completions.create(model=GPT, messages=ask(prompt)).usage
    assert used

    running_gateway.usage_since(
        mark,
        **{
            "api": "chat",
            "estimated": False,
            "gen_ai.request.stream": False,
            "gen_ai.usage.input_tokens": used.prompt_tokens,
            "gen_ai.usage.output_tokens": used.completion_tokens,
        },
    )


@pytest.mark.parametrize("create", ["chat", "stream", "responses", "embeddings"])
def test_a_model_that_does_not_exist_is_a_not_found_error_with_our_words(openai_client: openai.OpenAI, create: str):
    calls: dict[str, Callable[[], object]] = {
        "chat": lambda: openai_client.chat.completions.create(model="no-such", messages=ask("Hi")),
        "stream": lambda: openai_client.chat.completions.create(model="no-such", messages=ask("Hi"), stream=True),
        "responses": lambda: openai_client.responses.create(model="no-such", input="Hi"),
        "embeddings": lambda: openai_client.embeddings.create(model="no-such", input="Hi"),
    }
    with pytest.raises(openai.NotFoundError, match='model "no-such" does not exist') as raised:
        calls[create]()

    assert raised.value.code == "model_not_found"


def test_a_token_that_is_none_is_an_authentication_error(running_gateway: Gateway):
    with (
        openai.OpenAI(base_url=running_gateway.openai_url, api_key="sk-none", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError) as raised,
    ):
        client.chat.completions.create(model=GPT, messages=ask("Hi"))

    assert raised.value.code == "invalid_token"


def test_a_model_that_cannot_do_the_api_is_a_bad_request_that_says_what_it_can(openai_client: openai.OpenAI):
    with pytest.raises(openai.BadRequestError, match="/v1/messages") as raised:
        openai_client.responses.create(model=CLAUDE, input="Hi")

    assert raised.value.code == "api_not_supported"


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("sample-429", openai.RateLimitError),
        ("sample-500", openai.InternalServerError),
        ("sample-overloaded", openai.InternalServerError),
    ],
)
def test_an_error_of_the_provider_keeps_its_kind_and_words(
    openai_client: openai.OpenAI, model: str, error: type[openai.APIStatusError]
):
    with pytest.raises(error, match="the sample provider"):
        openai_client.responses.create(model=model, input="Hi")


def test_an_error_in_the_middle_of_a_stream_is_raised(openai_client: openai.OpenAI):
    stream = openai_client.chat.completions.create(
        model="sample-error-mid-stream", messages=ask("Hi"), max_tokens=100, stream=True
    )
    with pytest.raises(openai.APIError, match="fails as asked"):
        list(stream)
