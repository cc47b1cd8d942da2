"""What rules with patterns do to a conversation: the right places are looked at, and nothing else is changed."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.policy.documents import ScannerRule
from gwctl.policy.scanning import Finding, PatternRule, as_header, from_header, scan

CARD = "4111 1111 1111 1111"
BASE64 = "QUtJQVRFU1Q" * 20


def rules(*documents: dict[str, Any]) -> tuple[PatternRule, ...]:
    """As they arrive at the agent."""
    return from_header(as_header(ScannerRule.model_validate(each) for each in documents))


DENY = rules({"id": "word", "action": "deny", "pattern": "SECRET"})
REDACT = rules({"id": "cards", "action": "redact", "pattern": r"\b(?:\d[ -]?){15}\d\b", "replacement": "[card]"})

PLACES = [
    pytest.param(lambda text: {"messages": [{"role": "system", "content": text}]}, id="system"),
    pytest.param(lambda text: {"messages": [{"role": "developer", "content": text}]}, id="developer"),
    pytest.param(
        lambda text: {"messages": [{"role": "user", "content": text}, {"role": "user", "content": "go on"}]},
        id="an earlier turn",
    ),
    pytest.param(
        lambda text: {"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}]}, id="a part"
    ),
    pytest.param(lambda text: {"system": text}, id="Anthropic's system"),
    pytest.param(lambda text: {"system": [{"type": "text", "text": text}]}, id="blocks of Anthropic's system"),
    pytest.param(
        lambda text: {"messages": [{"role": "tool", "tool_call_id": "t", "content": text}]}, id="a tool's result"
    ),
    pytest.param(
        lambda text: {"messages": [{"content": [{"type": "tool_result", "tool_use_id": "t", "content": text}]}]},
        id="Anthropic's tool result",
    ),
    pytest.param(
        lambda text: {"messages": [{"content": [{"type": "tool_use", "name": "f", "input": {"a": [{"id": text}]}}]}]},
        id="a tool's input, whatever its member is called",
    ),
    pytest.param(
        lambda text: {"messages": [{"content": [{"type": "tool_use", "name": "f", "input": {text: 1}}]}]},
        id="the name of a member of a tool's input",
    ),
    pytest.param(
        lambda text: {"messages": [{"tool_calls": [{"function": {"arguments": json.dumps({"type": text})}}]}]},
        id="a tool call's arguments",
    ),
    pytest.param(
        lambda text: {"messages": [{"tool_calls": [{"function": {"arguments": text + " is no JSON"}}]}]},
        id="arguments that are no JSON",
    ),
    pytest.param(lambda text: {"tools": [{"function": {"description": text}}]}, id="a tool's description"),
    pytest.param(
        lambda text: {"messages": [{"content": [{"type": "document", "source": {"type": "text", "data": text}}]}]},
        id="a document",
    ),
    pytest.param(lambda text: {"messages": [{"content": [{"type": "thinking", "thinking": text}]}]}, id="thinking"),
    pytest.param(lambda text: {"messages": [{"role": "user", "name": text}]}, id="a name"),
    pytest.param(lambda text: {"user": text}, id="the user"),
    pytest.param(lambda text: {"metadata": {"user_id": text}}, id="metadata"),
    pytest.param(lambda text: {"input": text}, id="an embeddings input"),
    pytest.param(lambda text: {"input": ["a", text]}, id="one of the embeddings inputs"),
    pytest.param(lambda text: {"stop": [text]}, id="a stop sequence"),
    pytest.param(lambda text: {"a field of tomorrow": {"x": [text]}}, id="a field that is not known"),
    pytest.param(lambda text: {"messages": [{"id": f"{text}, with blanks"}]}, id="an id that is a text"),
    pytest.param(lambda text: {"choices": [{"message": {"content": text}}]}, id="an answer"),
    pytest.param(lambda text: {"choices": [{}, {"message": {"content": text}}]}, id="a second choice"),
    pytest.param(lambda text: {"content": [{"type": "text", "text": text}]}, id="Anthropic's answer"),
]


@pytest.mark.parametrize("place", PLACES)
def test_a_denying_rule_looks_at_every_text(place: Any):
    assert scan(DENY, place("fine")).passes
    assert scan(DENY, place("my SECRET plan")) == Finding(passes=False, rules=("word",))


@pytest.mark.parametrize("place", PLACES)
def test_a_redacting_rule_changes_every_text(place: Any):
    found = scan(REDACT, place(f"my {CARD}!"))

    assert (found.passes, found.rules, found.changed) == (True, ("cards",), place("my [card]!"))


def test_escapes_in_arguments_hide_nothing():
    arguments = '{"a": "\\u0034111 1111 1111 1111"}'

    found = scan(REDACT, {"arguments": arguments})

    assert json.loads(found.changed["arguments"]) == {"a": "[card]"}


def test_a_number_that_a_tool_is_given_is_text():
    block = {"type": "tool_use", "input": {"card": 4111111111111111, "amount": 12.5, "fast": True}}

    found = scan(REDACT, {"content": [block], "seed": 4111111111111111})

    assert found.changed["content"][0]["input"] == {"card": "[card]", "amount": 12.5, "fast": True}
    assert found.changed["seed"] == 4111111111111111


def test_members_that_get_the_same_name_are_both_kept():
    other = CARD.replace(" ", "-")

    found = scan(REDACT, {"type": "tool_use", "input": {CARD: 1, other: 2}})

    assert found.changed["input"] == {"[card]": 1, "[card]_": 2}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"messages": [{"role": "SECRET", "id": "SECRET", "tool_call_id": "x.SECRET"}]}, id="ids"),
        pytest.param({"model": "SECRET", "choices": [{"finish_reason": "SECRET"}]}, id="settings"),
        pytest.param({"source": {"type": "base64", "data": f"SECRET{BASE64}=="}}, id="media"),
        pytest.param({"image_url": {"url": f"data:image/png;base64,SECRET{BASE64}"}}, id="a data URL"),
        pytest.param({"signature": f"SECRET{BASE64}"}, id="a signature"),
    ],
)
def test_what_is_no_text_is_left_alone(content: Any):
    assert scan(DENY, content) == Finding(passes=True)


def test_a_link_is_text():
    assert not scan(DENY, {"image_url": {"url": "https://example.org/SECRET.png"}}).passes


@pytest.mark.parametrize("tokens", [[1, 2], [[1, 2], [3]], ["a", 2]])
def test_tokens_instead_of_text_do_not_pass(tokens: Any):
    assert scan(DENY, {"input": tokens}) == Finding(passes=False)


def test_what_is_nested_too_deep_does_not_pass():
    arguments = "[" * 100_000 + "]" * 100_000

    assert scan(REDACT, {"arguments": arguments}) == Finding(passes=False)


def test_redactions_add_up_in_order():
    both = rules(
        {"id": "first", "action": "redact", "pattern": "one", "replacement": "two"},
        {"id": "second", "action": "redact", "pattern": "two", "replacement": "2"},
        {"id": "third", "action": "redact", "pattern": "three", "replacement": "3"},
    )

    assert scan(both, {"a": "one two"}) == Finding(passes=True, rules=("first", "second"), changed={"a": "2 2"})


def test_what_a_rule_denies_is_looked_for_before_anything_is_redacted():
    rule = {"id": "hide", "action": "redact", "pattern": "SECRET", "replacement": ""}

    assert scan((*rules(rule), *DENY), {"a": "SECRET"}) == Finding(passes=False, rules=("word",))


texts = st.text() | st.sampled_from([CARD, f"a{CARD} b", f"x {CARD}\n{CARD}", "", "}", '"', "\ud800"])
json_values = st.recursive(
    texts | st.none() | st.booleans() | st.integers(max_value=10**9) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
blocks = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, texts),
    st.builds(lambda value: {"type": "tool_use", "id": "t1", "name": "f", "input": {"v": value}}, json_values),
    st.builds(lambda value: {"type": "tool_result", "tool_use_id": "t1", "content": value}, texts),
)
messages = st.one_of(
    st.builds(lambda text: {"role": "user", "content": text}, texts),
    st.builds(lambda found: {"role": "user", "content": found}, st.lists(blocks, max_size=4)),
    st.builds(
        lambda value: {"tool_calls": [{"id": "t1", "function": {"name": "f", "arguments": json.dumps(value)}}]},
        json_values,
    ),
)
requests = st.fixed_dictionaries(
    {"model": st.just("m"), "messages": st.lists(messages, max_size=6), "temperature": st.just(0.5)},
    optional={"system": texts, "metadata": st.just({"a": 1}), "stop": st.lists(texts, max_size=2)},
)


def leaves(value: Any, name: str = "") -> list[tuple[str, Any]]:
    """Every value that is no container, with the path to it; arguments are looked into as the JSON that they are."""
    if name.endswith(".arguments"):
        value = json.loads(value)
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in leaves(each, f"{name}.{key}")]
    if isinstance(value, list):
        return [leaf for at, each in enumerate(value) for leaf in leaves(each, f"{name}[{at}]")]
    return [(name, value)]


@given(requests)
def test_afterwards_no_text_has_the_pattern_and_all_the_rest_is_as_it_was(request: dict[str, Any]):
    [rule] = REDACT
    before = copy.deepcopy(request)

    found = scan(REDACT, request)

    after = request if found.changed is None else found.changed
    assert request == before
    assert not rule.pattern.is_in(json.dumps(after, ensure_ascii=False).encode(errors="replace").decode())
    assert scan(REDACT, after) == Finding(passes=True)
    for (place, old), (same_place, new) in zip(leaves(before), leaves(after), strict=True):
        text = old if isinstance(old, str) else json.dumps(old)
        assert new == (rule.pattern.replaced(text, "[card]") if rule.pattern.is_in(text) else old)
        assert same_place == place or rule.pattern.is_in(place)


def test_rules_travel_in_a_header():
    odd = ScannerRule(id="odd", action="redact", pattern='"ü\n\\d,]', replacement='"\n€')

    line = as_header([odd])

    assert line.isascii()
    assert line.isprintable()
    [rule] = from_header(line)
    assert rule.pattern.replaced('x"ü\n1,]', rule.replacement or "") == 'x"\n€'
