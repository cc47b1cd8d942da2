"""A request becomes an event: what it was, who served it, what it cost, and that nothing is silently free."""

import json

import pytest
from pydantic import ValidationError

from gwctl.edge.usage_log.line import Bound
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.metering.price_line import ServedBy, meter
from gwctl.pricing.prices import Price, ServiceTierPrice
from unit.ledger.lines import usage_line

PRICE = Price(
    input=1_000_000_000,
    output=5_000_000_000,
    service_tiers=(ServiceTierPrice(name="priority", input=2_000_000_000, output=10_000_000_000),),
    source="test prices",
)
OPENAI = ServedBy(kind="openai", provider="openai-eu", model="gpt-5", price=PRICE)
USAGE = {"model": "gpt-5-2025-08-07", "usage.prompt_tokens": 100.0, "usage.completion_tokens": 10.0}


def test_an_event_carries_the_request_the_target_the_tokens_and_the_cost():
    event = meter(usage_line(usage=USAGE, stream=True, attempts="1"), OPENAI)
    assert json.loads(event.to_json()) == {
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.cache_creation.input_tokens": 0,
        "cache_creation_1h_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "audio_input_tokens": 0,
        "audio_output_tokens": 0,
        "web_searches": 0,
        "id": "3f2b6c1e-0f5e-4a52-9c3e-1d2f3a4b5c6d",
        "started_at": "2026-11-21T11:00:00.123000Z",
        "duration": 1.5,
        "gen_ai.response.time_to_first_chunk": 0.32,
        "team": "platform",
        "team_name": None,
        "team_tags": None,
        "client": "build-bot",
        "gen_ai.request.model": "fast",
        "api": "chat",
        "gen_ai.request.stream": True,
        "policy": "7.0a1b2c3d",
        "http.response.status_code": 200,
        "outcome": "served",
        "refusal": None,
        "quota": None,
        "shadow": None,
        "rules": None,
        "error.type": None,
        "lane": None,
        "attempts": 1,
        "gen_ai.provider.name": "openai",
        "provider": "openai-eu",
        "target_model": "gpt-5",
        "gen_ai.response.model": "gpt-5-2025-08-07",
        "service_tier": None,
        "estimated": False,
        "cost_nano_usd": 150_000,
        "price_source": "test prices",
    }


def test_an_event_is_read_back_as_it_was_written():
    event = meter(usage_line(usage=USAGE), OPENAI)
    assert UsageEvent.model_validate_json(event.to_json()) == event


def test_an_event_refuses_what_it_does_not_know():
    written = json.loads(meter(usage_line(usage=USAGE), OPENAI).to_json())
    with pytest.raises(ValidationError, match="discount"):
        UsageEvent.model_validate(written | {"discount": 1})


def test_an_event_has_no_negative_cost():
    written = json.loads(meter(usage_line(usage=USAGE), OPENAI).to_json())
    with pytest.raises(ValidationError):
        UsageEvent.model_validate(written | {"cost_nano_usd": -1})


def test_what_was_used_and_has_no_price_costs_null_and_not_nothing():
    unpriced = ServedBy(kind="openai", provider="p", model="gpt-99", price=None)
    assert meter(usage_line(usage=USAGE), unpriced).cost_nano_usd is None


def test_what_was_used_and_nobody_is_known_to_have_served_costs_null():
    event = meter(usage_line(usage=USAGE), None)
    assert (event.cost_nano_usd, event.provider_name) == (None, None)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"refusal": "insufficient_quota", "status": 429, "upstream": None}, "refused"),
        ({"refusal": "model_not_allowed", "status": 404}, "refused"),
        ({"upstream": None, "status": 401, "team": None, "client": None}, "refused"),
        ({"upstream": None, "status": 503}, "failed"),
        ({"upstream": None, "status": 0, "flags": "DC"}, "cut"),
        ({"upstream": None, "status": 200, "api": None}, "served"),
        ({"status": 500}, "failed"),
        ({"status": 429, "usage": {"error.type": "insufficient_quota"}}, "failed"),
        ({"status": 400, "usage": {"error.type": "invalid_request_error"}}, "failed"),
    ],
)
def test_what_used_nothing_costs_nothing_and_is_no_estimate(fields: dict[str, object], outcome: str):
    event = meter(usage_line(**fields), OPENAI)
    assert (event.outcome, event.cost_nano_usd, event.estimated) == (outcome, 0, False)
    assert event.input_tokens == event.output_tokens == 0


def test_an_error_answer_with_usage_is_charged():
    event = meter(usage_line(status=500, usage=USAGE), OPENAI)
    assert (event.outcome, event.cost_nano_usd) == ("failed", 150_000)


def test_a_caller_who_leaves_is_never_free():
    event = meter(usage_line(status=0, flags="DC", response_bytes=0, stream=True), OPENAI)
    assert event.outcome == "cut"
    assert event.estimated == "client_left"
    assert (event.cost_nano_usd or 0) > 0


GATEWAY_DIED = "upstream_reset_before_response_started{connection_termination}"


@pytest.mark.parametrize(
    "fields", [{"status": 503, "flags": "UC", "details": GATEWAY_DIED}, {"status": 0, "flags": "DC"}]
)
@pytest.mark.parametrize("called", [True, False])
def test_what_got_no_answer_is_charged_if_a_provider_was_called_for_it(fields: dict[str, object], called: bool):
    line = usage_line(request={"max_tokens": 700}, response_bytes=0, **fields)
    event = meter(line, OPENAI, was_called={line.id: called}.__getitem__)
    assert (event.input_tokens, event.output_tokens) == ((100, 700) if called else (0, 0))
    assert bool(event.cost_nano_usd) == bool(event.estimated) == called


def test_an_error_of_portkey_is_none_of_its_death():
    assert meter(usage_line(status=503, details="via_upstream"), OPENAI).cost_nano_usd == 0


def test_a_line_with_a_bound_counts_at_it():
    line = usage_line(status=0, flags="DC", details="edge_died", request={"max_tokens": 7})
    event = meter(line.model_copy(update={"bound": Bound(nano_usd=900, tokens=50)}), OPENAI)
    assert (event.input_tokens, event.output_tokens, event.cost_nano_usd, event.estimated) == (43, 7, 900, "cut")


def test_a_processing_tier_costs_what_it_costs():
    event = meter(usage_line(usage=USAGE | {"service_tier": "priority"}), OPENAI)
    assert (event.cost_nano_usd, event.price_source) == (300_000, "test prices, service tier priority")


def test_a_processing_tier_without_a_price_says_that_it_was_charged_as_the_standard_one():
    event = meter(usage_line(usage=USAGE | {"service_tier": "warp"}), OPENAI)
    assert (event.cost_nano_usd, event.price_source) == (150_000, "test prices, standard for service tier warp")


def test_the_time_to_the_first_chunk_is_that_of_streams_only():
    assert meter(usage_line(usage=USAGE, stream=False), OPENAI).time_to_first_chunk is None


def test_counting_tokens_uses_none():
    event = meter(usage_line(api="count_tokens"), OPENAI)
    assert (event.input_tokens, event.cost_nano_usd, event.estimated) == (0, 0, False)
