"""YAML in which no key stands twice. In: text. Out: what it says, and on which line and column each part stands."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import yaml

_BOOLEAN: Final = "tag:yaml.org,2002:bool"
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"


class UniqueKeyLoader(yaml.CSafeLoader):
    """YAML without duplicate keys: with them, the last one would win and the first be lost without a word.

    As in YAML 1.2, `on`, `off`, `yes` and `no` are words: a scanner rule has a field `on`. So are dates: the version of
    an API is one.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping. Raises ConstructorError for a key that stands twice."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key!r} stands twice", key_node.start_mark
                    )
                seen.add(key)
        return super().construct_mapping(node, deep)


UniqueKeyLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP and (tag != _BOOLEAN or first in "tTfF")]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class Position(NamedTuple):
    """Where something stands in a text, from 1 on."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True)
class Yaml:
    """A YAML document."""

    content: Any
    _node: yaml.Node | None

    @classmethod
    def parse(cls, text: str) -> "Yaml":
        """The text's one document. Raises yaml.YAMLError; also when there are several."""
        loader = UniqueKeyLoader(text)
        try:
            node = loader.get_single_node()
            return cls(loader.construct_document(node) if node else None, node)
        finally:
            loader.dispose()

    @classmethod
    def parse_all(cls, text: str) -> "list[Yaml]":
        """All documents of the text. Raises yaml.YAMLError."""
        loader = UniqueKeyLoader(text)
        found: list[Yaml] = []
        try:
            while loader.check_node():
                node = loader.get_node()
                found.append(cls(loader.construct_document(node), node))
            return found
        finally:
            loader.dispose()

    def position(self, path: Sequence[str | int]) -> Position:
        """Where the part at the path stands, or the deepest part of it that is there: its name, or itself in a list."""
        node = self._node
        mark = node.start_mark if node else None
        for step in path:
            key, node = _child(node, step)
            if key is None:
                break
            mark = key.start_mark
        return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)

    def text(self, path: Sequence[str | int]) -> str | None:
        """The plain value at the path as it is written, before YAML makes a number of it; None: there is none."""
        node = self._node
        for step in path:
            _, node = _child(node, step)
        return node.value if isinstance(node, yaml.ScalarNode) else None


class Unreadable(NamedTuple):
    """Why a text is no YAML, where, and what to do."""

    position: Position | None
    reason: str
    fix: str


def unreadable(error: Exception, text: str, fix: str) -> Unreadable:
    """What a parser's error means; `fix` is what to say where nothing better is known."""
    mark = getattr(error, "problem_mark", None)
    reason = str(getattr(error, "problem", None) or "is not readable")
    if mark is None:
        return Unreadable(None, reason, fix)
    if _has_tab(text, mark.line):
        fix = "indent with spaces, not with tabs"
    return Unreadable(Position(mark.line + 1, mark.column + 1), reason, fix)


def _has_tab(text: str, line: int) -> bool:
    """Whether a line begins with a tab, or with spaces and a tab."""
    lines = text.splitlines()
    return line < len(lines) and "\t" in lines[line][: len(lines[line]) - len(lines[line].lstrip())]


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key's node and the value's node; of a list's entry both are the entry."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None, None
