"""The sample provider's OpenAI APIs, through OpenAI's own SDK."""

import base64
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseCompletedEvent

from gwctl.local.sample_provider.app import create_app
from gwctl.local.sample_provider.models import MODELS
from support.servers.asgi import serving

HELLO: list[Any] = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello, world!"}]
ANSWER = "This is the sample provider, not a model. Your last message was: Hello, world!"
LONG: list[Any] = [{"role": "user", "content": "word " * 2000}]
TOOL: Any = {"type": "function", "function": {"name": "look", "description": "Look.", "parameters": {}}}


@pytest.fixture(scope="module")
def client():
    with (
        serving(create_app()) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client,
    ):
        yield client


def chat_stream(client: openai.OpenAI, **fields: Any) -> list[Any]:
    request = {"model": "sample-gpt", "messages": HELLO, "stream": True, **fields}
    return list(client.chat.completions.create(**request))


def test_a_chat_completion_says_who_answers_and_repeats_the_message(client: openai.OpenAI):
    completion = client.chat.completions.create(model="sample-gpt", messages=HELLO)
    assert completion.choices[0].message.content == ANSWER
    assert completion.choices[0].finish_reason == "stop"


def test_equal_requests_get_equal_answers(client: openai.OpenAI):
    first, second = (client.chat.completions.create(model="sample-gpt", messages=HELLO) for _ in range(2))
    assert first.model_dump() == second.model_dump()


def test_a_chat_stream_is_role_then_content_then_finish_reason(client: openai.OpenAI):
    chunks = chat_stream(client)
    first, *middle, last = [chunk.choices[0] for chunk in chunks]
    assert (first.delta.role, first.delta.content) == ("assistant", "")
    assert "".join(choice.delta.content for choice in middle) == ANSWER
    assert {choice.finish_reason for choice in middle} == {None}
    assert last.finish_reason == "stop"


def test_a_chat_stream_has_no_usage_unless_asked(client: openai.OpenAI):
    assert [chunk.usage for chunk in chat_stream(client) if chunk.usage] == []


def test_a_chat_stream_ends_with_the_usage_of_the_plain_answer_when_asked(client: openai.OpenAI):
    plain = client.chat.completions.create(model="sample-gpt", messages=HELLO)
    *others, last = chat_stream(client, stream_options={"include_usage": True})
    assert (last.choices, last.usage) == ([], plain.usage)
    assert {chunk.usage for chunk in others} == {None}


def test_a_chat_counts_by_the_documented_rule(client: openai.OpenAI):
    usage = client.chat.completions.create(model="sample-gpt", messages=HELLO).usage
    assert usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (7, 21, 28)


def test_a_long_chat_prompt_is_cached(client: openai.OpenAI):
    usage = client.chat.completions.create(model="sample-gpt", messages=LONG).usage
    assert usage
    assert usage.prompt_tokens_details
    assert (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens) == (2000, 1920)


def test_reasoning_is_part_of_the_completion(client: openai.OpenAI):
    answer = client.chat.completions.create(model="sample-gpt", messages=HELLO, reasoning_effort="low")
    assert answer.usage
    assert answer.usage.completion_tokens_details
    assert answer.usage.completion_tokens_details.reasoning_tokens == 32
    assert answer.usage.completion_tokens == 53


def test_two_choices_cost_twice(client: openai.OpenAI):
    answer = client.chat.completions.create(model="sample-gpt", messages=HELLO, n=2)
    assert answer.usage
    assert (len(answer.choices), answer.usage.completion_tokens) == (2, 42)


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_a_chat_ends_at_its_cap(client: openai.OpenAI, field: str):
    *content, last, usage = chat_stream(client, stream_options={"include_usage": True}, **{field: 3})
    assert last.choices[0].finish_reason == "length"
    assert usage.usage.completion_tokens == 3
    assert "".join(chunk.choices[0].delta.content for chunk in content) == "This is the"


def test_tools_images_and_unknown_fields_are_accepted(client: openai.OpenAI):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages: Any = [{"role": "user", "content": [{"type": "text", "text": "Look"}, image]}]
    answer = client.chat.completions.create(
        model="sample-gpt", messages=messages, tools=[TOOL], extra_body={"frobnicate": [1]}
    )
    assert answer.choices[0].message.tool_calls is None
    assert answer.usage
    assert answer.usage.prompt_tokens == 3 + 1 + 85  # "look", "Look", "."; "Look"; the image


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"n": 129}, "n"),
        ({"model": ""}, "model"),
    ],
)
def test_a_bad_chat_request_names_the_field(client: openai.OpenAI, fields: dict[str, Any], param: str):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**{"model": "sample-gpt", "messages": HELLO, **fields})
    assert (caught.value.type, caught.value.param) == ("invalid_request_error", param)


def test_a_response_gives_text_and_usage(client: openai.OpenAI):
    response = client.responses.create(model="sample-gpt", instructions="Be short.", input="Hello, world!")
    assert (response.output_text, response.status) == (ANSWER, "completed")
    assert response.usage
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (7, 21, 28)


def test_a_response_stream_has_the_events_of_the_api_in_order(client: openai.OpenAI):
    stream = list(client.responses.create(model="sample-gpt", input=HELLO, stream=True))
    kinds = [event.type for event in stream]
    assert list(dict.fromkeys(kinds)) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in stream] == list(range(len(stream)))


def test_a_streamed_response_equals_the_plain_one(client: openai.OpenAI):
    request: dict[str, Any] = {"model": "sample-gpt", "input": LONG, "reasoning": {"effort": "high"}}
    plain = client.responses.create(**request)
    *_, last = client.responses.create(**request, stream=True)
    assert isinstance(last, ResponseCompletedEvent)
    assert (last.response.output_text, last.response.usage) == (plain.output_text, plain.usage)


def test_the_sdk_assembles_a_response_stream(client: openai.OpenAI):
    with client.responses.stream(model="sample-gpt", input="Hello, world!") as stream:
        assert stream.get_final_response().output_text == ANSWER


def test_a_response_reports_cached_and_reasoning_tokens(client: openai.OpenAI):
    usage = client.responses.create(model="sample-gpt", input=LONG, reasoning={"effort": "high"}).usage
    assert usage
    assert usage.input_tokens_details.cached_tokens == 1920
    assert (usage.output_tokens_details.reasoning_tokens, usage.output_tokens > 512) == (512, True)


def test_a_capped_response_is_incomplete(client: openai.OpenAI):
    stream = list(client.responses.create(model="sample-gpt", input="hi", max_output_tokens=16, stream=True))
    last: Any = stream[-1]
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details.reason == "max_output_tokens"
    assert last.response.usage.output_tokens == 16


@pytest.mark.parametrize("bad", [None, [], 7, ""])
def test_a_response_needs_input(client: openai.OpenAI, bad: Any):
    with pytest.raises(openai.BadRequestError, match="input"):
        client.responses.create(model="sample-gpt", input=bad)


def test_an_embedding_has_length_one_and_depends_on_its_text_alone(client: openai.OpenAI):
    answer = client.embeddings.create(model="sample-embedding", input=["one", "two", "one"], dimensions=8)
    first, second, third = (item.embedding for item in answer.data)
    assert (first, len(first)) == (third, 8)
    assert first != second
    assert sum(number * number for number in first) == pytest.approx(1, abs=1e-6)


def test_embeddings_are_the_same_in_numbers_and_in_base64(client: openai.OpenAI):
    numbers, encoded = (
        client.embeddings.create(model="sample-embedding", input="one", encoding_format=encoding)
        for encoding in ("float", "base64")
    )
    assert len(base64.b64decode(str(encoded.data[0].embedding))) == 4 * 256
    sdk_decodes = client.embeddings.create(model="sample-embedding", input="one")
    assert sdk_decodes.data[0].embedding == pytest.approx(numbers.data[0].embedding, abs=1e-6)


@pytest.mark.parametrize(
    ("given", "tokens"), [("Hello, world!", 4), (["a b", "c"], 3), ([1, 2, 3], 3), ([[1, 2], [3]], 3)]
)
def test_embeddings_count_texts_and_token_ids(client: openai.OpenAI, given: Any, tokens: int):
    usage = client.embeddings.create(model="sample-embedding", input=given).usage
    assert (usage.prompt_tokens, usage.total_tokens) == (tokens, tokens)


def test_the_models_are_the_table(client: openai.OpenAI):
    assert [model.id for model in client.models.list()] == list(MODELS)
