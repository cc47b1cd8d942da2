"""Edits YAML that people write: comments, order and layout stay as they are.

In: a text and what is to be in it. Out: the text with that merged in, every other line kept. New entries go behind the
last one of their mapping or list, in its indentation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

_WIDE: Final = 1_000_000
"""Characters in a line: what is put in is never folded."""


@dataclass(frozen=True)
class Item:
    """The entry of a list that has this value in this field."""

    field: str
    value: str


Path = tuple[str | Item, ...]


def loads(text: str) -> Any:
    """The value; None for an empty text. Raises yaml.YAMLError."""
    return yaml.safe_load(text)


def dumps(value: Any) -> str:
    """The value as lines of YAML, in its own order."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=_WIDE)


def find(document: Any, path: Path) -> Any:
    """What is at this path; None when nothing is."""
    for step in path:
        if isinstance(step, Item):
            entries = document if isinstance(document, list) else []
            document = next((each for each in entries if _fits(each, step)), None)
        else:
            document = document.get(step) if isinstance(document, dict) else None
    return document


def merge(text: str, path: Path, value: Any) -> str:
    """The text with `value` at this path. A mapping is merged into what is there, anything else replaces it.

    Raises yaml.YAMLError; and TypeError when something on the way is there and is of another kind.
    """
    if isinstance(value, Mapping) and isinstance(find(loads(text), path), dict):
        for key, each in value.items():
            text = merge(text, (*path, key), each)
        return text
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    in_flow = False
    for index, step in enumerate(path):
        in_flow = in_flow or (isinstance(node, yaml.CollectionNode) and bool(node.flow_style))
        inner = _child(node, step) if node else None
        if inner is None:
            return _insert(text, node, path[:index], step, _nested(path[index + 1 :], value), in_flow=in_flow)
        node = inner
    if node is None:
        return f"{text}{dumps(value)}"
    return _replaced(text, node, _flow(value))


def _child(node: yaml.Node, step: str | Item) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, Item):
        return next((each for each in node.value if _names(each, step)), None)
    return None


def _names(node: yaml.Node, item: Item) -> bool:
    return isinstance(node, yaml.MappingNode) and any(
        key.value == item.field and value.value == item.value for key, value in node.value
    )


def _fits(entry: Any, item: Item) -> bool:
    return isinstance(entry, dict) and entry.get(item.field) == item.value


def _nested(path: Path, value: Any) -> Any:
    for step in reversed(path):
        value = [_entry(step, value)] if isinstance(step, Item) else {step: value}
    return value


def _entry(item: Item, value: Any) -> Any:
    return {item.field: item.value, **value}


def _replaced(text: str, node: yaml.Node, new: str) -> str:
    start = node.start_mark.index
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        new = f"  {new}"  # a block may start where its key does, which a value in one line must not
    elif text[start - 1 : start] in (":", "-") and not new.startswith("\n"):
        new = f" {new}"
    return text[:start] + new + text[_end(node) :]


def _insert(text: str, node: yaml.Node | None, path: Path, step: str | Item, value: Any, *, in_flow: bool) -> str:
    new = [_entry(step, value)] if isinstance(step, Item) else {step: value}
    if node is None:
        return (f"{text.rstrip()}\n" if text.strip() else "") + dumps(new)
    if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null"):
        block = f"\n{_indented(dumps(new), _indent_of(text, node) + 2)}"
        return _replaced(text, node, _flow(new) if in_flow else block)
    wanted = yaml.SequenceNode if isinstance(step, Item) else yaml.MappingNode
    if not isinstance(node, wanted):
        raise TypeError(".".join(str(each) for each in path) or "the top level")
    if node.flow_style:
        at = node.end_mark.index - 1
        before = text[:at].rstrip()
        comma = "" if before.endswith((",", "{", "[")) else ","
        return f"{before}{comma} {_flow(new)[1:-1]}{text[at:]}"
    at = _behind_comments(text, _line_end(text, _end(node)), node.start_mark.column)
    return f"{text[:at]}\n{_indented(dumps(new), node.start_mark.column)}{text[at:]}"


def _flow(value: Any) -> str:
    """In one line. Within brackets, since a scalar by itself may be given an end mark."""
    line = yaml.safe_dump([value], sort_keys=False, allow_unicode=True, width=_WIDE, default_flow_style=True)
    return line.strip()[1:-1]


def _end(node: yaml.Node) -> int:
    """Behind the last character of a node: a block's own mark lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.index


def _line_end(text: str, at: int) -> int:
    """The end of the line in which `at` is; a literal block's own mark lies at the start of the next one."""
    if at and text[at - 1] == "\n":
        return at - 1
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _behind_comments(text: str, at: int, column: int) -> int:
    """Behind the comments of the last entry: those that stand further right than the entries do."""
    found = re.compile(rf"(?:\n[ ]{{{column + 1},}}#[^\n]*)*").match(text, at)
    return found.end() if found else at


def _indent_of(text: str, node: yaml.Node) -> int:
    line = text[text.rfind("\n", 0, node.start_mark.index) + 1 : node.start_mark.index]
    dashes = re.match(r"[ -]*", line)
    return len(dashes[0]) if dashes else 0


def _indented(block: str, columns: int) -> str:
    return "\n".join(f"{' ' * columns}{line}" if line else line for line in block.rstrip("\n").split("\n"))
