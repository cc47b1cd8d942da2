"""A line of the usage log is read however Envoy renders it, and nobody can write their way out of being metered."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.edge.usage_log.line import UsageLineError, parse_line
from support.usage_lines import written
from unit.ledger.lines import LINE, usage_line


@pytest.mark.parametrize("rendered", [12, 12.0, "12", "12.0", "1.2e1"])
def test_a_number_is_read_however_it_is_rendered(rendered: object):
    assert usage_line(duration_ms=rendered, status="200.0", v="2").duration_ms == 12


@pytest.mark.parametrize(("rendered", "read"), [(True, True), ("true", True), (1, True), ("1", True), (1.0, True)])
def test_true_is_read_however_it_is_rendered(rendered: object, read: bool):
    assert usage_line(stream=rendered).stream is read


@pytest.mark.parametrize("rendered", [False, "false", 0, "0", 0.0])
def test_false_is_read_however_it_is_rendered(rendered: object):
    assert usage_line(stream=rendered).stream is False


@pytest.mark.parametrize("absent", [None, "-", ""])
def test_an_absent_value_is_none(absent: object):
    fields = dict.fromkeys(["first_byte_ms", "client", "team", "api", "model", "refusal", "upstream", "option"], absent)
    line = usage_line(**fields)
    assert {getattr(line, name) for name in fields} == {None}


def test_absent_maps_are_empty():
    for absent in (None, {}, {"decision": None}, {"decision": {"request": None}}):
        line = parse_line(json.dumps(written(LINE) | {"gw": absent, "served": None, "usage": None, "quota": None}))

        assert (line.request, line.usage, line.team, line.model, line.provider) == ({}, {}, None, None, None)
        assert line.quota.receipt is None


def test_the_start_is_in_utc():
    assert usage_line(started="2026-11-21T12:00:00.123+01:00").started == datetime(
        2026, 11, 21, 11, 0, 0, 123000, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("option", "path"),
    [
        ("config", ()),
        ("config.targets[1]", (1,)),
        ("config.targets[1].targets[0]", (1, 0)),
        ("config.targets[1], config.targets[0]", (0,)),
        ("config.targets[1], nonsense", None),
        ("targets[99999999999999999999]", None),
    ],
)
def test_the_option_is_the_path_to_a_target(option: str, path: tuple[int, ...] | None):
    assert usage_line(option=option).option == path


def test_fields_of_a_newer_edge_are_left_alone():
    assert usage_line(something_new={"a": 1}).id == LINE["id"]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        json.dumps(written(LINE)).encode()[:-40],
        json.dumps(written(LINE | {"v": 1})).encode(),
        json.dumps(written(LINE | {"id": ""})).encode(),
        json.dumps(written(LINE | {"id": None})).encode(),
        json.dumps(written(LINE | {"started": "yesterday"})).encode(),
        json.dumps(written(LINE | {"started": "2026-11-21T11:00:00"})).encode(),
        json.dumps(written(LINE | {"duration_ms": -1})).encode(),
        json.dumps(written(LINE | {"duration_ms": 1.5})).encode(),
        json.dumps(written(LINE | {"response_bytes": float("nan")})).encode(),
        json.dumps(written(LINE | {"status": "ok"})).encode(),
        json.dumps(written(LINE | {"api": "telepathy"})).encode(),
    ],
)
def test_a_malformed_line_is_one_kind_of_error_that_keeps_the_line(broken: bytes):
    with pytest.raises(UsageLineError) as caught:
        parse_line(broken)
    assert caught.value.line == broken
    assert len(str(caught.value)) < 500


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.fixed_dictionaries(
        dict.fromkeys(("model", "stream", "attempts", "option", "provider"), anything)
        | {name: st.dictionaries(st.text(), anything, max_size=4) for name in ("request", "usage")}
    )
)
def test_no_word_of_a_caller_or_a_provider_makes_a_line_unreadable(words: dict[str, Any]):
    assert usage_line(**words).id == LINE["id"]
