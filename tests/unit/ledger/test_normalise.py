"""Tokens out of answers: what the table of recorded answers cannot show. Hostile counts, cuts, bounds."""

import math
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.core.names import Api, ProviderKind
from gwctl.edge.usage_log import paths as wire
from gwctl.ledger.metering import estimate
from gwctl.ledger.metering.answer import client_left, service_tier
from gwctl.ledger.metering.normalise import normalise
from gwctl.ledger.metering.price_line import ServedBy, meter
from gwctl.pricing.prices import Price
from gwctl.pricing.tokens import Tokens
from unit.ledger.lines import usage_line

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PRICE = Price(input=1_000_000_000, output=5_000_000_000, source="test")
SHAPES: list[tuple[Api, ProviderKind | None]] = [
    *(("chat", kind) for kind in (*get_args(ProviderKind), None)),
    ("messages", "anthropic"),
    ("messages", "bedrock"),
    ("responses", "openai"),
    ("embeddings", "google"),
    ("count_tokens", "anthropic"),
]
KEYS = [field.key for field in (*wire.ANSWER_FIELDS, *wire.EVENT_FIELDS)]

hostile = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.sampled_from(["", "-1", "1e300", "NaN", "Infinity", "12", "0x10", "١٢", "1" * 5000, "<script>", "12.5"])
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


@given(
    shape=st.sampled_from(SHAPES),
    usage=st.dictionaries(st.sampled_from(KEYS), hostile | st.integers(0, 5000), max_size=12),
    request=st.dictionaries(st.sampled_from([field.key for field in wire.REQUEST_FIELDS]), hostile, max_size=5),
    stream=st.booleans(),
    flags=st.sampled_from(["-", "DC", "UC", "UC,DC", "nonsense"]),
    status=st.sampled_from([0, 200, 429, 500]),
    size=st.integers(0, 10**7),
    model=st.sampled_from(["gpt-5", CLAUDE]),
)
def test_no_answer_however_hostile_breaks_the_meter(
    shape: tuple[Api, ProviderKind | None],
    usage: dict[str, Any],
    request: dict[str, Any],
    stream: bool,
    flags: str,
    status: int,
    size: int,
    model: str,
):
    api, kind = shape
    line = usage_line(
        api=api, usage=usage, request=request, stream=stream, flags=flags, status=status, response_bytes=size
    )
    served_by = ServedBy(kind=kind, provider="p", model=model, price=PRICE) if kind else None
    event = meter(line, served_by)
    spent = event.input_tokens + event.output_tokens + event.web_searches
    assert event.cost_nano_usd is None if served_by is None and spent else (event.cost_nano_usd or 0) >= 0
    assert type(event).model_validate_json(event.to_json()) == event


@given(value=hostile, key=st.sampled_from(["usage.prompt_tokens", "usage.completion_tokens"]))
def test_a_count_that_is_no_count_leaves_an_estimate_that_says_so(value: Any, key: str):
    good = {"usage.prompt_tokens": 100, "usage.completion_tokens": 10}
    usage = normalise(usage_line(usage=good | {key: value}, response_bytes=2000), "openai", "gpt-5")
    try:
        number = float(value) if isinstance(value, str | float | int) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    believable = math.isfinite(number) and 0 <= number <= 10**9 and number == int(number)
    assert (usage.estimated is False) == believable


@pytest.mark.parametrize("value", [12, 12.0, "12", "12.0"])
def test_a_count_is_read_however_envoy_renders_it(value: object):
    line = usage_line(usage={"usage.prompt_tokens": value, "usage.completion_tokens": value})
    assert normalise(line, "openai", "gpt-5").tokens == Tokens(input_tokens=12, output_tokens=12)


def test_more_cached_than_there_is_input_is_inconsistent_and_loses_no_token():
    line = usage_line(
        usage={
            "usage.prompt_tokens": 211,
            "usage.completion_tokens": 100,
            "usage.prompt_tokens_details.cached_tokens": 1903,
        }
    )
    usage = normalise(line, "openai", "gpt-5")
    assert usage.estimated == "inconsistent"
    assert (usage.tokens.input_tokens, usage.tokens.cache_read_tokens) == (1903, 1903)


def test_a_total_that_the_parts_do_not_make_is_inconsistent():
    counts = {"usage.prompt_tokens": 100, "usage.completion_tokens": 10, "usage.total_tokens": 500}
    assert normalise(usage_line(usage=counts), "openai", "gpt-5").estimated == "inconsistent"


def test_a_compatible_server_may_count_reasoning_beside_the_completion():
    line = usage_line(
        usage={
            "usage.prompt_tokens": 100,
            "usage.completion_tokens": 10,
            "usage.completion_tokens_details.reasoning_tokens": 390,
            "usage.total_tokens": 500,
        }
    )
    usage = normalise(line, "openai", "grok-4")
    assert usage.estimated is False
    assert usage.tokens == Tokens(input_tokens=100, output_tokens=400, reasoning_tokens=390)


@pytest.mark.parametrize(("total", "whole_input"), [(311, 211), (2214, 2114)])
def test_without_knowing_who_served_the_total_tells_how_they_count(total: int, whole_input: int):
    cached = 100 if total == 311 else 1903
    line = usage_line(
        usage={
            "usage.prompt_tokens": 211,
            "usage.completion_tokens": 100,
            "usage.prompt_tokens_details.cached_tokens": cached,
            "usage.total_tokens": total,
        }
    )
    usage = normalise(line, None, None)
    assert usage.estimated is False
    assert (usage.tokens.input_tokens, usage.tokens.cache_read_tokens) == (whole_input, cached)


@pytest.mark.parametrize("stream", [True, False, None, "yes"])
def test_a_stream_that_was_not_asked_for_by_the_book_is_read_all_the_same(stream: object):
    line = usage_line(
        api="responses",
        stream=stream,
        usage={"response.status": "completed", "response.usage.input_tokens": 7, "response.usage.output_tokens": 3},
    )
    assert normalise(line, "openai", "gpt-5").tokens == Tokens(input_tokens=7, output_tokens=3)


@given(
    api=st.sampled_from(["chat", "messages", "responses"]),
    bound=st.integers(1, 5000),
    choices=st.integers(1, 8),
    size=st.integers(0, 10**7),
    stream=st.booleans(),
    left=st.booleans(),
)
def test_an_estimate_is_never_above_the_requests_own_bound(
    api: Api, bound: int, choices: int, size: int, stream: bool, left: bool
):
    request: dict[str, int] = {
        "chat": {"max_completion_tokens": bound, "n": choices},
        "messages": {"max_tokens": bound},
        "responses": {"max_output_tokens": bound},
    }[api]
    line = usage_line(
        api=api, stream=stream, request=request, response_bytes=size, flags="DC" if left else "-", upstream="p"
    )
    usage = normalise(line, "openai", "gpt-5")
    assert usage.tokens.output_tokens <= bound * (choices if api == "chat" else 1)
    assert usage.estimated is not False


def test_a_caller_who_leaves_before_a_plain_answer_came_is_charged_what_it_may_cost():
    line = usage_line(status=0, flags="DC", response_bytes=0, request={"max_tokens": 700})
    usage = normalise(line, "openai", "gpt-5")
    assert usage.estimated == "client_left"
    assert usage.tokens == Tokens(input_tokens=100, output_tokens=700)


def test_without_a_bound_a_plain_answer_nobody_saw_is_as_long_as_the_wait():
    line = usage_line(status=0, flags="DC", response_bytes=0, duration_ms=2000)
    assert normalise(line, "openai", "gpt-5").tokens.output_tokens == 2 * estimate.UNSEEN_TOKENS_PER_SECOND


@pytest.mark.parametrize(
    ("flags", "details", "left"),
    [
        ("DC", "downstream_remote_disconnect", True),
        ("DR", "http2.remote_reset", True),
        ("UC,DC", "-", True),
        ("-", "downstream_local_disconnect", True),
        ("UC", "upstream_reset_after_response_started{connection_termination}", False),
        ("-", "via_upstream", False),
    ],
)
def test_a_caller_who_left_is_told_from_a_provider_who_did(flags: str, details: str, left: bool):
    assert client_left(usage_line(flags=flags, details=details)) is left


@pytest.mark.parametrize(
    ("usage", "tier"),
    [
        ({}, None),
        ({"service_tier": "default"}, None),
        ({"usage.speed": "standard"}, None),
        ({"service_tier": "priority"}, "priority"),
        ({"response.service_tier": "flex"}, "flex"),
        ({"message.usage.speed": "fast"}, "fast"),
    ],
)
def test_only_a_processing_tier_that_is_not_the_standard_one_has_a_name(usage: dict[str, str], tier: str | None):
    assert service_tier(usage_line(usage=usage)) == tier


def test_the_zeros_that_portkey_begins_a_bedrock_stream_with_are_not_believed():
    line = usage_line(
        api="messages", stream=True, usage={"message.usage.input_tokens": 0, "message.usage.output_tokens": 0}
    )
    assert normalise(line, "bedrock", CLAUDE).tokens.input_tokens == estimate.input_tokens(line)
