"""The sample provider's Anthropic APIs, through Anthropic's own SDK."""

from typing import Any

import anthropic
import pytest

from gwctl.local.sample_provider.app import create_app
from support.servers.asgi import serving

HELLO: list[Any] = [{"role": "user", "content": "Hello, world!"}]
ANSWER = "This is the sample provider, not a model. Your last message was: Hello, world!"
MARK = {"type": "ephemeral"}


def request(**fields: Any) -> dict[str, Any]:
    return {"model": "sample-claude", "max_tokens": 1000, "system": "Be short.", "messages": HELLO, **fields}


@pytest.fixture(scope="module")
def client():
    with (
        serving(create_app()) as url,
        anthropic.Anthropic(base_url=url, api_key="any", max_retries=0) as client,
    ):
        yield client


def text(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_a_message_says_who_answers_and_repeats_the_message(client: anthropic.Anthropic):
    message = client.messages.create(**request())
    assert (text(message), message.stop_reason) == (ANSWER, "end_turn")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (7, 21)


def test_a_message_stream_has_the_events_of_the_api_in_order(client: anthropic.Anthropic):
    kinds = [event.type for event in client.messages.create(**request(), stream=True)]
    # The SDK drops "ping"; the next test looks at the bytes.
    assert list(dict.fromkeys(kinds)) == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_a_message_stream_pings(client: anthropic.Anthropic):
    with client.messages.with_streaming_response.create(**request(), stream=True) as answer:
        assert 'event: ping\ndata: {"type":"ping"}\n\n' in answer.read().decode()


@pytest.mark.parametrize("thinking", [{"type": "disabled"}, {"type": "enabled", "budget_tokens": 1024}])
def test_a_streamed_message_equals_the_plain_one(client: anthropic.Anthropic, thinking: dict[str, Any]):
    plain = client.messages.create(**request(thinking=thinking))
    with client.messages.stream(**request(thinking=thinking)) as stream:
        streamed = stream.get_final_message()
    for message in (plain, streamed):
        assert text(message) == ANSWER
    assert streamed.usage.model_dump(exclude_none=True) == plain.usage.model_dump(exclude_none=True)


def test_thinking_is_shown_signed_and_billed(client: anthropic.Anthropic):
    with client.messages.stream(**request(thinking={"type": "adaptive"})) as stream:
        message = stream.get_final_message()
    thinking, answer = message.content
    assert isinstance(thinking, anthropic.types.ThinkingBlock)
    assert (thinking.thinking, bool(thinking.signature)) == ("The sample provider does not think.", True)
    assert answer.type == "text"
    assert message.usage.output_tokens_details
    assert (message.usage.output_tokens, message.usage.output_tokens_details.thinking_tokens) == (149, 128)


def cached(message: Any) -> tuple[int, int, int]:
    usage = message.usage
    return usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens


def test_nothing_is_cached_without_a_mark(client: anthropic.Anthropic):
    assert cached(client.messages.create(**request())) == (7, 0, 0)


def test_one_mark_writes_everything_before_it(client: anthropic.Anthropic):
    system = [{"type": "text", "text": "Be short.", "cache_control": MARK}]
    assert cached(client.messages.create(**request(system=system))) == (4, 3, 0)


def test_two_marks_read_up_to_the_first_and_write_up_to_the_second(client: anthropic.Anthropic):
    system = [{"type": "text", "text": "Be short.", "cache_control": MARK}]
    content = [{"type": "text", "text": "Hello,", "cache_control": MARK}, {"type": "text", "text": "world!"}]
    answer = client.messages.create(**request(system=system, messages=[{"role": "user", "content": content}]))
    assert cached(answer) == (2, 2, 3)


def test_a_mark_on_the_request_stands_at_its_end(client: anthropic.Anthropic):
    assert cached(client.messages.create(**request(extra_body={"cache_control": MARK}))) == (0, 7, 0)


@pytest.mark.parametrize(("ttl", "minutes", "hour"), [("5m", 3, 0), ("1h", 0, 3)])
def test_written_tokens_are_split_by_lifetime(client: anthropic.Anthropic, ttl: str, minutes: int, hour: int):
    system = [{"type": "text", "text": "Be short.", "cache_control": {**MARK, "ttl": ttl}}]
    written = client.messages.create(**request(system=system)).usage.cache_creation
    assert written
    assert (written.ephemeral_5m_input_tokens, written.ephemeral_1h_input_tokens) == (minutes, hour)


def test_a_message_ends_at_its_cap(client: anthropic.Anthropic):
    message = client.messages.create(**request(max_tokens=3))
    assert (text(message), message.stop_reason, message.usage.output_tokens) == ("This is the", "max_tokens", 3)


def test_tools_images_tool_results_and_betas_are_accepted(client: anthropic.Anthropic):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    call = {"type": "tool_use", "id": "t1", "name": "look", "input": {"where": "there"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "seen"}, image]}
    messages = [*HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    tools = [{"name": "look", "input_schema": {"type": "object"}}]
    message = client.messages.create(
        **request(messages=messages, tools=tools), extra_headers={"anthropic-beta": "new-2026-01-01"}
    )
    assert text(message) == ANSWER
    assert message.usage.input_tokens == 1 + 3 + 4 + 2 + 1 + 85


def test_the_count_is_what_a_message_is_billed(client: anthropic.Anthropic):
    counted = client.messages.count_tokens(model="sample-claude", system="Be short.", messages=HELLO)
    assert counted.input_tokens == client.messages.create(**request()).usage.input_tokens


@pytest.mark.parametrize("fields", [{"extra_body": {"max_tokens": None}}, {"max_tokens": -1}, {"messages": []}])
def test_a_bad_message_request_is_told_in_anthropics_words(client: anthropic.Anthropic, fields: dict[str, Any]):
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**request(**fields))
    assert caught.value.body["error"]["type"] == "invalid_request_error"  # pyright: ignore
