"""The sample provider's arithmetic: tokens, caching, caps."""

import pytest

from gwctl.local.sample_provider.call import BadRequestError, Call, compose
from gwctl.local.sample_provider.models import MODELS, Fault, fault_of, markdown_table
from gwctl.local.sample_provider.openai_usage import cached_tokens, reasoning_tokens
from gwctl.local.sample_provider.tokens import MEDIA_TOKENS, measure, pieces


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("   \n", 0),
        ("Hello, world!", 4),
        ("authorization", 3),
        ("a b  c", 3),
        ("naïve", 1),
        ("你好", 1),
        ("{}", 2),
    ],
)
def test_tokens_are_counted_by_the_documented_rule(text: str, expected: int):
    assert len(pieces(text)) == expected


def test_the_pieces_of_a_text_make_up_the_text():
    assert "".join(pieces("Why, an  authorization\nheader?")) == "Why, an  authorization\nheader?"


def test_every_text_counts_and_identifiers_do_not():
    messages = [{"role": "user", "id": "x", "content": [{"type": "text", "text": "one two"}, {"text": "three"}]}]
    assert measure([messages, None, 7]).tokens == 3


def test_an_image_costs_the_same_whatever_its_size():
    small, large = ({"type": "image", "source": {"data": "A" * size}} for size in (10, 10_000))
    assert measure([small]).tokens == measure([large]).tokens == MEDIA_TOKENS


def test_a_cache_mark_stands_after_its_block():
    blocks = [{"text": "one two", "cache_control": {"type": "ephemeral"}}, {"text": "three"}]
    assert measure([blocks]).marks == ((2, "5m"),)


def test_deep_nesting_is_counted_without_recursion():
    nested: list = ["word"]
    for _ in range(5_000):
        nested = [nested]
    assert measure([nested]).tokens == 1


@pytest.mark.parametrize(("prompt", "cached"), [(0, 0), (1024, 0), (1025, 1024), (1152, 1024), (1153, 1152)])
def test_openai_caches_long_prompts_in_steps_of_128(prompt: int, cached: int):
    assert cached_tokens(prompt) == cached


@pytest.mark.parametrize(("effort", "tokens"), [(None, 0), ("none", 0), ("high", 512), ("new-word", 128)])
def test_reasoning_costs_by_effort(effort: str | None, tokens: int):
    assert reasoning_tokens(effort) == tokens


def test_a_cap_counts_reasoning_first():
    output = compose([{"role": "user", "content": "hi"}], cap=10, reasoning=8)
    assert (output.reasoning, output.text, output.tokens, output.capped) == (8, "This is", 10, True)


def test_a_cap_may_leave_nothing_to_see():
    output = compose([{"role": "user", "content": "hi"}], cap=5, reasoning=8)
    assert (output.reasoning, output.visible, output.capped) == (5, (), True)


def test_the_answer_repeats_the_last_user_message_in_short():
    messages = [{"role": "user", "content": "first"}, {"role": "user", "content": "word " * 50}]
    assert compose(messages, cap=None).text.endswith("word word word…")


@pytest.mark.parametrize("content", [None, 7, [], [7, {"type": "image"}], [{"text": 7}]])
def test_an_answer_needs_no_text(content: object):
    assert compose([{"role": "user", "content": content}], cap=None).text.endswith("(no text)")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"\xff", b'{"model": 1}', b'{"model": NaN}', b"[" * 100_000, b'{"model": ""}']
)
def test_a_body_that_is_no_request_is_refused(raw: bytes):
    with pytest.raises(BadRequestError):
        Call(raw)


def test_the_table_of_models_lists_every_fault_and_only_those_misbehave():
    assert {fault_of(name) for name in MODELS} == {*Fault, None}
    assert all(f"| `{name}` |" in markdown_table() for name in MODELS)
