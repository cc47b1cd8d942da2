"""Markdown as GitHub reads it, by markdown-it-py. In: a file's text. Out: headings' anchors, links, fenced blocks."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_ANCHOR: Final = re.compile(r'<a (?:id|name)="([^"]+)"')
_FRONT_MATTER: Final = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_SKIPPED: Final = {"node_modules", "dist", "site"}


class _AsWritten(MarkdownIt):
    """Every link is one, and its target is what stands in the file."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - its name
        return url

    def validateLink(self, url: str) -> bool:  # noqa: N802, ARG002 - its name
        return True


_MARKDOWN: Final = _AsWritten("commonmark").enable("table")


@dataclass(frozen=True)
class Link:
    """A link's target as it is written, and the line it is on, from 1."""

    target: str
    line: int


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the rest of the fence's line, its text, and the line of its fence."""

    language: str
    note: str
    text: str
    line: int


def files(root: Path) -> list[Path]:
    """All Markdown files of a checkout, but not those of dependencies and hidden folders (`.github` is none)."""
    found: list[Path] = []
    folders = [root]
    while folders:
        for entry in sorted(folders.pop().iterdir()):
            if entry.is_dir():
                if entry.name not in _SKIPPED and (entry.name == ".github" or not entry.name.startswith(".")):
                    folders.append(entry)
            elif entry.suffix == ".md":
                found.append(entry)
    return sorted(found)


@lru_cache(maxsize=512)
def _parsed(text: str) -> tuple[list[Token], dict[str, Any]]:
    seen: dict[str, Any] = {}
    without_front_matter = _FRONT_MATTER.sub(lambda match: "\n" * match[0].count("\n"), text)
    return _MARKDOWN.parse(without_front_matter, seen), seen


def _inline(text: str) -> Iterator[tuple[Token, int]]:
    """What stands in lines of text: code, links, images, HTML; each with its line, from 1."""
    for token in _parsed(text)[0]:
        line = token.map[0] + 1 if token.map else 0
        for child in token.children or ():
            yield child, line
            line += child.type in {"softbreak", "hardbreak"}


def links(text: str) -> list[Link]:
    """Targets of inline links, images and definitions; what looks like one in code is none."""
    targets = ((token.attrs.get("href", token.attrs.get("src")), line) for token, line in _inline(text))
    found = [Link(str(target), line) for target, line in targets if target is not None]
    references = _parsed(text)[1].get("references", {}).values()
    found += [Link(each["href"], each["map"][0] + 1) for each in references]
    return sorted(found, key=lambda link: link.line)


def code_spans(text: str) -> list[tuple[str, int]]:
    """Code between backticks outside of fenced blocks, with its line."""
    return [(token.content, line) for token, line in _inline(text) if token.type == "code_inline"]


def _headings(text: str) -> list[str]:
    tokens = _parsed(text)[0]
    return [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]


def anchors(text: str) -> set[str]:
    """What `#…` may say of a file: its headings' slugs, numbered where they repeat, and explicit anchors."""
    slugs = [slug(each) for each in _headings(text)]
    numbered = {f"{name}-{number}" for name, count in Counter(slugs).items() for number in range(1, count)}
    html = [token.content for token in _parsed(text)[0] if token.type == "html_block"]
    html += [token.content for token, _ in _inline(text) if token.type == "html_inline"]
    return {*slugs, *numbered, *_ANCHOR.findall("\n".join(html))}


def slug(title: str) -> str:
    """A heading's anchor on GitHub: lower case, punctuation gone, spaces to hyphens."""
    text = "".join(each.content for token in _MARKDOWN.parseInline(title) for each in token.children or ())
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def title(text: str) -> str | None:
    """The first heading."""
    return next(iter(_headings(text)), None)


def blocks(text: str) -> list[Block]:
    """All fenced blocks, in order."""
    found: list[Block] = []
    for token in _parsed(text)[0]:
        if token.type == "fence" and token.map:
            language, _, note = token.info.strip().partition(" ")
            found.append(Block(language, note.strip(), token.content, token.map[0] + 1))
    return found
