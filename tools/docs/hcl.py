"""Reads Terraform files that `terraform fmt` has formatted. In: directories. Out: blocks and addresses of resources."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(r'^(?P<kind>\w+)(?P<labels>( "[^"]*")*) \{\n(?P<body>.*?)^\}$', re.DOTALL | re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^  (?P<name>\w+) += (?P<value>.*?)(?=^  \w|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A top-level block, `resource "aws_lb" "this" { … }`: kind "resource", labels ("aws_lb", "this")."""

    kind: str
    labels: tuple[str, ...]
    body: str
    file: Path

    @property
    def address(self) -> str:
        """As Terraform names it inside its module."""
        prefix = () if self.kind == "resource" else (self.kind,)
        return ".".join((*prefix, *self.labels))

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

    def text(self, name: str) -> str:
        """A string attribute without its quotes; empty when there is none."""
        value = self.attribute(name) or ""
        return value[1:-1].replace('\\"', '"') if value.startswith('"') else ""


def blocks(directory: Path, *kinds: str) -> Iterator[Block]:
    """The blocks of some kinds in a module, by file and in order."""
    for file in sorted(directory.glob("*.tf")):
        yield from (block for block in blocks_of(file) if block.kind in kinds)


def blocks_of(file: Path) -> tuple[Block, ...]:
    """The blocks of a file, in order."""
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _read(file: Path, _: int) -> tuple[Block, ...]:
    return tuple(
        Block(match["kind"], tuple(re.findall(r'"([^"]*)"', match["labels"])), match["body"], file)
        for match in _BLOCK.finditer(file.read_text(encoding="utf-8"))
    )


def _beside(directory: Path, source: str) -> Path:
    """A module's directory. Links are not followed: a checkout may be made of them."""
    return Path(os.path.normpath(directory / source))


def find(root: Path, address: str) -> Path | None:
    """The file that defines an address seen from infrastructure/; `modules/x/TYPE.NAME` is in a module by itself."""
    if address.startswith("modules/"):
        directory, _, inside = address.rpartition("/")
        return resolve(root / directory, inside)
    return resolve(root / "infrastructure", address)


def resolve(directory: Path, address: str) -> Path | None:
    """The file that defines `module.a.module.b.aws_x.y`, seen from a module's directory; None if nothing does.

    Instance keys (`[0]`, `["x"]`) are left out of account: they depend on the variables.
    """
    plain = re.sub(r"\[[^\]]*\]", "", address)
    match = re.match(r"module\.(\w+)(?:\.(.+))?$", plain)
    if not match:
        known = {block.address: block.file for block in blocks(directory, "resource", "data")}
        return known.get(plain)
    for block in blocks(directory, "module"):
        if block.labels == (match[1],):
            return resolve(_beside(directory, block.text("source")), match[2]) if match[2] else block.file
    return None


def addresses(directory: Path, prefix: str = "") -> Iterator[str]:
    """All addresses below a module, those of the modules that it uses too."""
    for block in blocks(directory, "resource", "data", "module"):
        yield prefix + block.address
        if block.kind == "module" and block.text("source").startswith("."):
            yield from addresses(_beside(directory, block.text("source")), f"{prefix}{block.address}.")
