"""Edits of JSON that people write keep everything but what they change."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.clients.jsonc import NotJsonError, loads, set_value

COMMENTED = """\
// at the top
{
  "a": 1, // of a
  /* before b */
  "b": {
    "c": [1, 2], // trailing commas
  },
  "url": "http://x//y", // a URL is no comment
}
// at the end
"""


def test_comments_and_trailing_commas_are_read():
    assert loads(COMMENTED) == {"a": 1, "b": {"c": [1, 2]}, "url": "http://x//y"}


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ("{}", ("a",), 1, '{\n  "a": 1\n}'),
        ("{}\n", ("a", "b"), "x", '{\n  "a": {\n    "b": "x"\n  }\n}\n'),
        ('{"a": 1}', ("b",), 2, '{"a": 1, "b": 2}'),
        ('{"a": 1,}', ("b",), 2, '{"a": 1, "b": 2}'),
        ('{\n    "a": 1\n}\n', ("b",), 2, '{\n    "a": 1,\n    "b": 2\n}\n'),
        ('{\n\t"a": {\n\t}\n}\n', ("a", "b"), 2, '{\n\t"a": {\n\t\t"b": 2\n\t}\n}\n'),
        ('{\n  "a": 1 // one\n}', ("b",), 2, '{\n  "a": 1, // one\n  "b": 2\n}'),
        ('{\n  "a": 1, // one\n}', ("b",), 2, '{\n  "a": 1, // one\n  "b": 2\n}'),
        ('{\n  "a": 1 // one\n  // two\n}', ("b",), 2, '{\n  "a": 1, // one\n  "b": 2\n  // two\n}'),
        ("{ // nothing\n}", ("a",), 1, '{ // nothing\n  "a": 1\n}'),
        ('{\n  "a": [\n    1\n  ]\n}', ("a",), {"x": 1}, '{\n  "a": {\n    "x": 1\n  }\n}'),
        ('{\n  "a": 1}', ("b",), 2, '{\n  "a": 1,\n  "b": 2\n}'),
        ('{"a": 1, "a": 2}', ("a",), 3, '{"a": 1, "a": 3}'),
    ],
)
def test_an_edit_looks_as_if_made_by_hand(text: str, path: tuple[str, ...], value: Any, expected: str):
    assert set_value(text, path, value) == expected


def test_an_edit_keeps_every_comment():
    edited = set_value(set_value(COMMENTED, ("b", "d"), 3), ("new",), None)
    assert [line.partition("//")[2] for line in edited.splitlines() if "//" in line] == [
        line.partition("//")[2] for line in COMMENTED.splitlines() if "//" in line
    ]
    assert loads(edited) == {"a": 1, "b": {"c": [1, 2], "d": 3}, "url": "http://x//y", "new": None}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", None),
        ("{", None),
        ('{"a": }', 1),
        ('{\n"a" 1}', 2),
        ("{'a': 1}", 1),
        ("{} x", 1),
        ('{"a": tru}', 1),
        ("[1 2]", 1),
        ("/* x", 1),
        ('{"a": "\n"}', 1),
        ("{,}", 1),
    ],
)
def test_what_is_not_json_is_refused_with_its_line(text: str, line: int | None):
    with pytest.raises(NotJsonError, match=f"line {line} is not JSON" if line else "ends in the middle"):
        loads(text)


def test_a_value_that_is_no_object_is_not_replaced_on_the_way():
    with pytest.raises(TypeError, match=r"^a$"):
        set_value('{"a": 1}', ("a", "b"), 2)
    with pytest.raises(TypeError, match="the top level"):
        set_value("[]", ("a",), 2)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)
PATHS = st.lists(st.text(), min_size=1, max_size=3).map(tuple)
COMMENTS = st.sampled_from(["", " ", "\n", " // note\n", "/* note */", '\n  // note, with "quotes": {}\n  '])


@given(OBJECTS, st.sampled_from([None, 2, 4, "\t"]))
def test_plain_json_is_read_as_json_is(document: dict[str, Any], indent: int | str | None):
    assert loads(json.dumps(document, indent=indent)) == document


@given(OBJECTS, PATHS, VALUES, st.sampled_from([None, 2, "\t"]))
def test_an_edit_changes_what_it_should_and_nothing_else(
    document: dict[str, Any], path: tuple[str, ...], value: Any, indent: int | str | None
):
    expected = json.loads(json.dumps(document))
    node = expected
    for key in path[:-1]:
        if key in node and not isinstance(node[key], dict):
            return  # refused: see above
        node = node.setdefault(key, {})
    node[path[-1]] = value
    assert loads(set_value(json.dumps(document, indent=indent), path, value)) == expected


@given(OBJECTS, st.data())
def test_comments_anywhere_survive_an_edit(document: dict[str, Any], data: st.DataObject):
    tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s"{}\[\]:,]+', json.dumps(document))
    comments = [data.draw(COMMENTS) for _ in range(len(tokens) + 1)]
    text = comments[0] + "".join(token + comment for token, comment in zip(tokens, comments[1:], strict=True))
    edited = set_value(text, ("added",), 1)
    assert loads(edited) == {**document, "added": 1}
    assert edited.count("note") == text.count("note") + json.dumps(document | {"added": 1}).count("note") - json.dumps(
        document
    ).count("note")
