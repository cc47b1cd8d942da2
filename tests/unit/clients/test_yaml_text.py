"""Edits of YAML that people write keep everything but what they change."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gwctl.clients.yaml_text import Item, Path, dumps, find, loads, merge

COMMENTED = """\
# at the top
name: Me  # of name
models:
  - name: a # first
    provider: x
    # still of a
# of rules
rules:
- one
nothing:
flow: {a: 1}
text: |
  some
  lines
"""


@pytest.mark.parametrize(
    ("path", "value", "before", "after"),
    [
        (("name",), "You", "name: Me  # of name", "name: You  # of name"),
        (("models", Item("name", "a"), "provider"), "y", "    provider: x", "    provider: y"),
        (
            ("models", Item("name", "b")),
            {"provider": "y"},
            "    # still of a\n",
            "    # still of a\n  - name: b\n    provider: y\n",
        ),
        (
            ("models", Item("name", "a")),
            {"roles": ["r"]},
            "provider: x\n",
            "provider: x\n    roles:\n    - r\n",
        ),
        (("rules",), ["two"], "- one", "  [two]"),
        (("nothing", "here"), 1, "nothing:\n", "nothing:\n  here: 1\n"),
        (("flow", "b"), "x: y", "{a: 1}", "{a: 1, b: 'x: y'}"),
        (("new", "a"), {"b": True}, "  lines\n", "  lines\nnew:\n  a:\n    b: true\n"),
    ],
)
def test_an_edit_looks_as_if_made_by_hand(path: Path, value: Any, before: str, after: str):
    assert merge(COMMENTED, path, value) == COMMENTED.replace(before, after)


def test_an_empty_text_and_one_of_comments_become_a_document():
    assert merge("", (Item("id", "a"),), {"b": 1}) == "- id: a\n  b: 1\n"
    assert merge("# mine", ("a", "b"), "c") == "# mine\na:\n  b: c\n"


@pytest.mark.parametrize(
    ("path", "where"), [(("name", "x"), "name"), ((Item("a", "b"),), "the top level"), (("rules", "x"), "rules")]
)
def test_what_is_of_another_kind_is_not_replaced_on_the_way(path: Path, where: str):
    with pytest.raises(TypeError, match=f"^{where}$"):
        merge(COMMENTED, path, {"y": 1})


WORDS = st.text("ab: #-'\n\"{}[]é", max_size=6)
SCALARS = st.none() | st.booleans() | st.integers() | WORDS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))
OBJECTS = st.dictionaries(WORDS, VALUES, max_size=4)


@given(OBJECTS, st.lists(WORDS, min_size=1, max_size=3).map(tuple), SCALARS, st.sampled_from([None, False, True]))
def test_an_edit_changes_what_it_should_and_nothing_else(
    document: dict[str, Any], path: tuple[str, ...], value: Any, flow: bool | None
):
    expected = loads(dumps(document))
    node = expected
    for key in path[:-1]:
        if node.get(key) is None:
            node[key] = {}
        if not isinstance(node[key], dict):
            return  # refused: see above
        node = node[key]
    node[path[-1]] = value
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, default_flow_style=flow)
    after = merge(text, path, value)
    assert loads(after) == expected
    assert find(loads(after), path) == value
