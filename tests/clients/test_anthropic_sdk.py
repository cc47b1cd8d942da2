"""Anthropic's Python SDK against the running gateway."""

import uuid
from typing import Any

import anthropic
import pytest

from support.gateway import Gateway

CLAUDE, GPT = "sample-claude", "sample-gpt"


@pytest.fixture
def prompt() -> str:
    """Words that the sample provider repeats in its answer."""
    return f"Say {uuid.uuid4()}."


def ask(prompt: str) -> list[Any]:
    return [{"role": "user", "content": prompt}]


def text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_a_message(anthropic_client: anthropic.Anthropic, prompt: str):
    message = anthropic_client.messages.create(model=CLAUDE, messages=ask(prompt), max_tokens=100)

    assert prompt in text_of(message)


def test_a_streamed_message_comes_in_pieces(anthropic_client: anthropic.Anthropic, prompt: str):
    with anthropic_client.messages.stream(model=CLAUDE, messages=ask(prompt), max_tokens=100) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()

    assert len(pieces) > 5
    assert prompt in text_of(final)
    assert "".join(pieces) == text_of(final)


def test_the_token_may_be_given_as_api_key(running_gateway: Gateway, prompt: str):
    token = running_gateway.token()
    with anthropic.Anthropic(base_url=running_gateway.url, api_key=token, max_retries=0) as client:
        message = client.messages.create(model=CLAUDE, messages=ask(prompt), max_tokens=100)

    assert prompt in text_of(message)


def test_counting_tokens_agrees_with_the_usage_of_the_message(anthropic_client: anthropic.Anthropic, prompt: str):
    counted = anthropic_client.messages.count_tokens(model=CLAUDE, messages=ask(prompt))
    message = anthropic_client.messages.create(model=CLAUDE, messages=ask(prompt), max_tokens=100)

    assert counted.input_tokens == message.usage.input_tokens > 0


def test_the_list_of_models_has_the_routes(anthropic_client: anthropic.Anthropic):
    assert CLAUDE in {model.id for model in anthropic_client.models.list()}


def test_the_usage_that_it_shows_is_the_usage_that_is_metered(
    anthropic_client: anthropic.Anthropic, running_gateway: Gateway, prompt: str
):
    mark = running_gateway.usage_mark()
    with anthropic_client.messages.stream(model=CLAUDE, messages=ask(prompt), max_tokens=100) as stream:
        used = stream.get_final_message().usage

    cached = (used.cache_read_input_tokens or 0) + (used.cache_creation_input_tokens or 0)
    running_gateway.usage_since(
        mark,
        **{
            "api": "messages",
            "estimated": False,
            "gen_ai.request.stream": True,
            "gen_ai.usage.input_tokens": used.input_tokens + cached,
            "gen_ai.usage.output_tokens": used.output_tokens,
        },
    )


def test_a_model_that_does_not_exist_is_a_not_found_error_with_our_words(anthropic_client: anthropic.Anthropic):
    with pytest.raises(anthropic.NotFoundError, match='model "no-such" does not exist') as raised:
        anthropic_client.messages.create(model="no-such", messages=ask("Hi"), max_tokens=100)

    assert raised.value.type == "not_found_error"


def test_a_token_that_is_none_is_an_authentication_error(running_gateway: Gateway):
    with (
        anthropic.Anthropic(base_url=running_gateway.url, auth_token="none", max_retries=0) as client,
        pytest.raises(anthropic.AuthenticationError) as raised,
    ):
        client.messages.create(model=CLAUDE, messages=ask("Hi"), max_tokens=100)

    assert raised.value.type == "authentication_error"


def test_a_model_that_cannot_do_the_api_is_a_bad_request_that_says_what_it_can(anthropic_client: anthropic.Anthropic):
    with pytest.raises(anthropic.BadRequestError, match="/v1/chat/completions"):
        anthropic_client.messages.create(model=GPT, messages=ask("Hi"), max_tokens=100)


@pytest.mark.parametrize(
    ("model", "kind"),
    [("sample-429", "rate_limit_error"), ("sample-500", "api_error"), ("sample-overloaded", "overloaded_error")],
)
def test_an_error_of_the_provider_keeps_its_kind_and_words(
    anthropic_client: anthropic.Anthropic, model: str, kind: str
):
    with pytest.raises(anthropic.APIStatusError, match="the sample provider") as raised:
        anthropic_client.messages.create(model=model, messages=ask("Hi"), max_tokens=100)

    assert raised.value.type == kind


def test_an_error_in_the_middle_of_a_stream_is_raised(anthropic_client: anthropic.Anthropic):
    with (
        anthropic_client.messages.stream(model="sample-error-mid-stream", messages=ask("Hi"), max_tokens=100) as stream,
        pytest.raises(anthropic.APIStatusError, match="fails as asked"),
    ):
        stream.until_done()
