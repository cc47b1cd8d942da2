"""Terraform's files, read by python-hcl2. In: directories. Out: blocks with attributes, and addresses of resources."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from hcl2.api import loads


@dataclass(frozen=True)
class Block:
    """A top-level block, `resource "aws_lb" "this" { … }`: kind "resource", labels ("aws_lb", "this").

    `body` has attributes and inner blocks by name; an expression that is no plain value is text, `${var.x}`.
    """

    kind: str
    labels: tuple[str, ...]
    body: dict[str, Any]
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

    def text(self, name: str) -> str:
        """A string attribute; empty when there is none."""
        return str(self.body.get(name, "")).replace('\\"', '"')


def blocks(directory: Path, *kinds: str) -> Iterator[Block]:
    """The blocks of some kinds in a module, by file and in order."""
    for file in sorted(directory.glob("*.tf")):
        yield from (block for block in blocks_of(file) if block.kind in kinds)


def blocks_of(file: Path) -> tuple[Block, ...]:
    """The blocks of a file; those of a kind are in order."""
    return tuple(Block(*each, file) for each in _read(file.read_text(encoding="utf-8")))


_LABELS: Final = {"data": 2, "resource": 2, "locals": 0, "terraform": 0}


@lru_cache(maxsize=512)
def _read(text: str) -> tuple[tuple[str, tuple[str, ...], dict[str, Any]], ...]:
    found: list[tuple[str, tuple[str, ...], dict[str, Any]]] = []
    for kind, several in loads(text).items():
        for body in several:
            labels: list[str] = []
            for _ in range(_LABELS.get(kind, 1)):
                ((label, body),) = body.items()
                labels.append(label)
            found.append((kind, tuple(labels), body))
    return tuple(found)


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
