"""Edits JSON that people write: comments, trailing commas and layout stay as they are.

In: a text and values to set, by path. Out: the text with these values and every other byte kept. Reads what JSON
(RFC 8259) allows, and `//` and `/* */` comments and trailing commas besides.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR = re.compile(r"[^\s,\]}/]+")
_REST_OF_LINE = re.compile(r"[ \t]*(?://[^\n]*|/\*[^\n]*?\*/[ \t]*(?=\n))?")


class NotJsonError(ValueError):
    """The text is not JSON, also not with comments and trailing commas. Says at which line."""


@dataclass
class _Node:
    """A value in the text, from `start` to `end`. `comma_end`: behind the comma that follows it, if one does."""

    start: int
    end: int
    value: Any
    members: dict[str, "_Node"] | None = None
    comma_end: int | None = None
    key_start: int = 0
    order: list["_Node"] = field(default_factory=list["_Node"])


def loads(text: str) -> Any:
    """The value. Raises NotJsonError."""
    return _parse(text).value


def set_value(text: str, path: tuple[str, ...], value: Any) -> str:
    """The text with `value` at this path of keys; objects on the way are made where they are missing.

    Raises NotJsonError; and TypeError when something on the way is there and is not an object.
    """
    node = _parse(text)
    for index, key in enumerate(path):
        if node.members is None:
            raise TypeError(".".join(path[:index]) or "the top level")
        if key not in node.members:
            for missing in reversed(path[index + 1 :]):
                value = {missing: value}
            return _insert(text, node, key, value)
        node = node.members[key]
    indent = _indent_at(text, node.key_start)
    return text[: node.start] + _dump(value, indent) + text[node.end :]


def _insert(text: str, parent: _Node, key: str, value: Any) -> str:
    closing = parent.end - 1
    if not parent.order:
        outer = _indent_at(text, parent.start)
        inner = outer + _step(text)
        member = f"{json.dumps(key)}: {_dump(value, inner)}"
        kept = text[parent.start + 1 : closing].rstrip()  # comments in an otherwise empty object
        return f"{text[: parent.start + 1]}{kept}\n{inner}{member}\n{outer}{text[closing:]}"
    last = parent.order[-1]
    own_line = "\n" in text[parent.start : last.key_start]
    if not own_line:
        comma = "" if last.comma_end else ","
        at = last.comma_end or last.end
        return f"{text[:at]}{comma} {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}{text[at:]}"
    inner = _indent_at(text, last.key_start)
    member = f"\n{inner}{json.dumps(key)}: {_dump(value, inner)}"
    if not last.comma_end:
        text = f"{text[: last.end]},{text[last.end :]}"
    behind = last.comma_end or last.end + 1
    rest = _REST_OF_LINE.match(text, behind)
    at = rest.end() if rest else behind
    if "\n" not in text[at : _SPACE.match(text, at).end()]:  # type: ignore[union-attr]
        member += "\n" + _indent_at(text, parent.start)
    return text[:at] + member + text[at:]


def _dump(value: Any, indent: str) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", f"\n{indent}")


def _indent_at(text: str, position: int) -> str:
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip())]


def _step(text: str) -> str:
    found = re.search(r"\n([ \t]+)\S", text)
    return found[1] if found else "  "


def _parse(text: str) -> _Node:
    try:
        node = _value(text, _skip(text, 0))
    except (IndexError, RecursionError):
        raise NotJsonError("it ends in the middle of something") from None
    end = _skip(text, node.end)
    if end != len(text):
        raise _error(text, end)
    return node


def _value(text: str, at: int) -> _Node:
    if text[at] == "{":
        return _object(text, at)
    if text[at] == "[":
        return _array(text, at)
    found = (_STRING if text[at] == '"' else _SCALAR).match(text, at)
    try:
        if found:
            return _Node(at, found.end(), json.loads(found[0]))
    except ValueError:
        pass
    raise _error(text, at)


def _object(text: str, start: int) -> _Node:
    members: dict[str, _Node] = {}
    order: list[_Node] = []
    at = _skip(text, start + 1)
    while text[at] != "}":
        key = _STRING.match(text, at)
        if not key:
            raise _error(text, at)
        colon = _skip(text, key.end())
        if text[colon] != ":":
            raise _error(text, colon)
        node = _value(text, _skip(text, colon + 1))
        node.key_start = at
        at = _after_item(text, node, "}")
        members[json.loads(key[0])] = node
        order.append(node)
    value = {key: node.value for key, node in members.items()}
    return _Node(start, at + 1, value, members=members, order=order)


def _array(text: str, start: int) -> _Node:
    items: list[Any] = []
    at = _skip(text, start + 1)
    while text[at] != "]":
        node = _value(text, at)
        at = _after_item(text, node, "]")
        items.append(node.value)
    return _Node(start, at + 1, items)


def _after_item(text: str, node: _Node, closing: str) -> int:
    at = _skip(text, node.end)
    if text[at] == ",":
        node.comma_end = at + 1
        return _skip(text, at + 1)
    if text[at] != closing:
        raise _error(text, at)
    return at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found  # it matches the empty string
    return found.end()


def _error(text: str, at: int) -> NotJsonError:
    return NotJsonError(f"line {text.count(chr(10), 0, at) + 1} is not JSON")
