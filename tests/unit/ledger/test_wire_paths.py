"""The paths that the edge extracts: unambiguous, and each of them there for a reason."""

from typing import Any

import pytest

from gwctl.edge.usage_log import paths as wire
from gwctl.ledger.metering.price_line import ServedBy, meter
from gwctl.pricing.prices import Price, ServiceTierPrice
from unit.ledger.lines import usage_line

EVERYTHING_COSTS = Price(
    input=10**9,
    output=10**9,
    source="test",
    service_tiers=(ServiceTierPrice(name="x", input=10**9, output=10**9),),
)
ANSWERS = [(field, False) for field in wire.ANSWER_FIELDS] + [(field, True) for field in wire.EVENT_FIELDS]
SHAPES = [
    ("chat", "openai", "gpt-5"),
    ("chat", "anthropic", "claude-sonnet-5-5"),
    ("chat", "vertex-ai", "anthropic.claude-sonnet-4-6"),
    ("messages", "anthropic", "claude-sonnet-5-5"),
    ("responses", "openai", "gpt-5"),
    ("embeddings", "openai", "text-embedding-3-small"),
]


@pytest.mark.parametrize("fields", [wire.REQUEST_FIELDS, wire.ANSWER_FIELDS, wire.EVENT_FIELDS])
def test_each_path_is_there_once(fields: tuple[wire.Field, ...]):
    assert len({field.key for field in fields}) == len(fields)


def test_a_path_has_one_type_wherever_it_is_read():
    types: dict[str, set[str]] = {}
    for field, _ in ANSWERS:
        types.setdefault(field.key, set()).add(field.type)
    assert {key for key, each in types.items() if len(each) > 1} == set()


def test_paths_are_object_keys_that_a_joined_name_keeps_apart():
    assert all(key.isidentifier() for field, _ in ANSWERS for key in field.path)


def test_a_path_means_something_in_every_api_that_it_names():
    assert all(field.apis for field in (*wire.REQUEST_FIELDS, *wire.ANSWER_FIELDS, *wire.EVENT_FIELDS))


@pytest.mark.parametrize(("field", "streamed"), ANSWERS, ids=lambda each: getattr(each, "key", each))
def test_each_path_changes_the_event_of_some_answer(field: wire.Field, streamed: bool):
    assert any(
        _event(api, kind, model, streamed, usage) != _event(api, kind, model, streamed, _without(usage, field.key))
        for api, kind, model in SHAPES
        if api in field.apis
        for usage in _answers(api, streamed)
    )


def _answers(api: str, streamed: bool) -> list[dict[str, Any]]:
    """An answer with every path of the API, and one with each path alone beside the two main counts."""
    fields = [field for field in (wire.EVENT_FIELDS if streamed else wire.ANSWER_FIELDS) if api in field.apis]
    whole = {
        field.key: 1_000_000 >> (3 * len(field.path)) if field.type == "number" else _word(field)
        for field in fields
        if "total" not in field.key
    }
    ends = ("input_tokens", "prompt_tokens", "output_tokens", "completion_tokens", "stop_reason", "status")
    main = {field.key: whole[field.key] for field in fields if field.key in whole and field.path[-1] in ends}
    return [
        whole,
        whole | {"usage.total_tokens": 9_999_999},
        {},
        *(main | {field.key: 7 if field.type == "number" else _word(field)} for field in fields),
        *({field.key: 7 if field.type == "number" else _word(field)} for field in fields),
    ]


def _word(field: wire.Field) -> str:
    return "completed" if field.path[-1] == "status" else "x"


def _without(usage: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in usage.items() if name != key}


def _event(api: str, kind: Any, model: str, streamed: bool, usage: dict[str, Any]) -> object:
    line = usage_line(api=api, stream=streamed, usage=usage)
    return meter(line, ServedBy(kind=kind, provider="p", model=model, price=EVERYTHING_COSTS))
