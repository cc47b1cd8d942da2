"""Markdown as GitHub reads it. In: a file's text. Out: its headings' anchors, its links and its fenced blocks."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FENCE: Final = re.compile(r"^(?P<indent> *)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_HEADING: Final = re.compile(r"^#{1,6} +(?P<title>.+?)(?: +#+)?$")
_ANCHOR: Final = re.compile(r'<a (?:id|name)="([^"]+)"')
_LINK: Final = re.compile(
    r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target><[^>]*>|[^()\s]+(?:\([^()]*\)[^()\s]*)?)(?: \"[^\"]*\")?\)"
)
_DEFINITION: Final = re.compile(r"^\[[^\]]+\]: +(?P<target>\S+)")
_CODE: Final = re.compile(r"(`+)(?:(?!\1).)+\1")
_SKIPPED: Final = {"node_modules", "dist", "site"}


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


def _prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside of fenced blocks, with their numbers from 1."""
    mark = ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if mark:
            if fence and fence["mark"].startswith(mark) and not fence["info"].strip():
                mark = ""
        elif fence:
            mark = fence["mark"]
        else:
            yield number, line


def links(text: str) -> list[Link]:
    """Targets of inline links, images and definitions; what looks like one in code is none."""
    found: list[Link] = []
    for number, line in _prose(text):
        plain = _CODE.sub(lambda match: "x" * len(match[0]), line)
        found += [Link(match["target"].strip("<>"), number) for match in _LINK.finditer(plain)]
        found += [Link(match["target"], number) for match in _DEFINITION.finditer(plain)]
    return found


def code_spans(text: str) -> list[tuple[str, int]]:
    """Code between backticks outside of fenced blocks, with its line."""
    return [(match[0].strip("`"), number) for number, line in _prose(text) for match in _CODE.finditer(line)]


def anchors(text: str) -> set[str]:
    """What `#…` may say of a file: its headings' slugs, numbered where they repeat, and explicit anchors."""
    found: dict[str, int] = {}
    explicit: set[str] = set()
    for _, line in _prose(text):
        explicit.update(_ANCHOR.findall(line))
        if heading := _HEADING.match(line):
            base = slug(heading["title"])
            count = found.get(base, 0)
            found[base] = count + 1
            if count:
                explicit.add(f"{base}-{count}")
    return explicit | set(found)


def slug(title: str) -> str:
    """A heading's anchor on GitHub: lower case, punctuation gone, spaces to hyphens."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def title(text: str) -> str | None:
    """The first heading."""
    for _, line in _prose(text):
        if heading := _HEADING.match(line):
            return heading["title"]
    return None


def blocks(text: str) -> list[Block]:
    """All fenced blocks, in order."""
    found: list[Block] = []
    lines = text.splitlines()
    index = 0
    while index < len(lines):
        fence = _FENCE.match(lines[index])
        if not fence:
            index += 1
            continue
        start = index
        index += 1
        body: list[str] = []
        while index < len(lines) and not re.match(rf"^ *{re.escape(fence['mark'])}\s*$", lines[index]):
            body.append(lines[index].removeprefix(fence["indent"]))
            index += 1
        index += 1
        language, _, note = fence["info"].strip().partition(" ")
        found.append(Block(language, note.strip(), "\n".join(body) + "\n", start + 1))
    return found


def rewritten(text: str, leads: Callable[[str], str]) -> str:
    """The text with each link's target replaced by what `leads` says. Code stays as it is."""
    prose = {number for number, _ in _prose(text)}
    lines = text.splitlines()
    for number in prose:
        line = lines[number - 1]
        plain = _CODE.sub(lambda match: "\0" * len(match[0]), line)
        for link in reversed(list(_LINK.finditer(plain))):
            start, end = link.span("target")
            line = line[:start] + leads(line[start:end].strip("<>")) + line[end:]
        lines[number - 1] = line
    return "\n".join(lines) + "\n"


def without_notes(text: str) -> str:
    """The text with fences that say their language and nothing else, which is all that MkDocs understands."""
    starts = {block.line: block.language for block in blocks(text) if block.note}
    lines = text.splitlines()
    for number, language in starts.items():
        lines[number - 1] = lines[number - 1].partition(language)[0] + language
    return "\n".join(lines) + "\n"
