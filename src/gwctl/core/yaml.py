"""YAML in which no key stands twice. In: text. Out: what it says, and on which line each part of it stands."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

_BOOLEAN: Final = "tag:yaml.org,2002:bool"


class UniqueKeyLoader(yaml.CSafeLoader):
    """YAML without duplicate keys: with them, the last one would win and the first be lost without a word.

    As in YAML 1.2, `on`, `off`, `yes` and `no` are words: a scanner rule has a field `on`.
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
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN or first in "tTfF"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Yaml:
    """A YAML document."""

    content: Any
    _node: yaml.Node | None

    @classmethod
    def parse(cls, text: str) -> "Yaml":
        """Raises yaml.YAMLError."""
        loader = UniqueKeyLoader(text)
        try:
            node = loader.get_single_node()
            return cls(loader.construct_document(node) if node else None, node)
        finally:
            loader.dispose()

    def line(self, path: Sequence[str | int]) -> int:
        """The line of the part at the path, or of the deepest part of it that is there; from 1 on."""
        node = self._node
        line = node.start_mark.line + 1 if node else 1
        for step in path:
            key, node = _child(node, step)
            if key is None:
                break
            line = key.start_mark.line + 1
        return line

    def text(self, path: Sequence[str | int]) -> str | None:
        """The plain value at the path as it is written, before YAML makes a number of it; None: there is none."""
        node = self._node
        for step in path:
            _, node = _child(node, step)
        return node.value if isinstance(node, yaml.ScalarNode) else None


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key's node and the value's node; of a list's entry both are the entry."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None, None
