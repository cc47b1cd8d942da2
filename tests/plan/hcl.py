"""Just enough HCL to read what `terraform fmt` has formatted: the top-level blocks of a file and their attributes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(r'^(?P<kind>\w+)(?P<labels>( "[^"]*")*) \{\n(?P<body>.*?)^\}$', re.DOTALL | re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^  (?P<name>\w+) += (?P<value>.*?)(?=^  \w|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A top-level block, `variable "x" { … }`: kind "variable", labels ("x",)."""

    kind: str
    labels: tuple[str, ...]
    body: str
    file: Path

    @property
    def name(self) -> str:
        """The last label."""
        return self.labels[-1] if self.labels else ""

    def attribute(self, name: str) -> str | None:
        """An attribute's text, as it is written; several lines for a list or an object."""
        for match in _ATTRIBUTE.finditer(self.body):
            if match["name"] == name:
                return match["value"].strip()
        return None

    def text(self, name: str) -> str | None:
        """A string attribute without its quotes."""
        value = self.attribute(name)
        return value[1:-1].replace('\\"', '"') if value and value.startswith('"') else None


def blocks(file: Path) -> Iterator[Block]:
    """The blocks of a file, in order."""
    for match in _BLOCK.finditer(file.read_text()):
        yield Block(match["kind"], tuple(re.findall(r'"([^"]*)"', match["labels"])), match["body"], file)


def blocks_in(directory: Path, *kinds: str) -> list[Block]:
    """All blocks of some kinds in a module."""
    return [block for file in sorted(directory.glob("*.tf")) for block in blocks(file) if block.kind in kinds]
