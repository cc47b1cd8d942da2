"""How the sample provider counts: text or JSON in, tokens out.

The rule, so that an expected number can be worked out by hand: a run of letters, digits and underscores is one
token per started six characters; every other character that is not a space is one token. Hence "Hello, world!"
is 4 and "authorization" 3.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r"\s*(?:\w{1,6}|[^\w\s])")

MEDIA_TOKENS = 85
"""What an image, audio clip or file costs, whatever its size."""

_MEDIA = {"image", "image_url", "input_image", "input_audio", "document", "file", "input_file"}
_NOT_READ = {"type", "role", "id", "call_id", "tool_call_id", "tool_use_id", "status", "cache_control"}
_NOT_READ |= {"signature", "encrypted_content"}


def pieces(text: str) -> list[str]:
    """The text cut into its tokens, each with the space before it."""
    return _TOKEN.findall(text)


@dataclass(frozen=True)
class Prompt:
    """The tokens of a prompt, and `(tokens so far, ttl)` of each Anthropic `cache_control` mark in it."""

    tokens: int
    marks: tuple[tuple[int, str], ...] = ()


def measure(parts: Iterable[Any]) -> Prompt:
    """Count every string in these JSON values, in order, except identifiers and the like; media by the piece."""
    tokens = 0
    marks: list[tuple[int, str]] = []
    todo: list[Any] = [*parts][::-1]
    while todo:  # a stack and not recursion: the nesting is the caller's choice
        item = todo.pop()
        if isinstance(item, str):
            tokens += len(pieces(item))
        elif isinstance(item, _Mark):
            marks.append((tokens, item.ttl))
        elif isinstance(item, list):
            todo.extend(reversed(item))
        elif isinstance(item, dict):
            if isinstance(mark := item.get("cache_control"), dict):
                todo.append(_Mark(mark.get("ttl") or "5m"))
            if str(item.get("type")) in _MEDIA:
                tokens += MEDIA_TOKENS
            else:
                todo.extend(value for key, value in reversed(item.items()) if key not in _NOT_READ)
    return Prompt(tokens, tuple(marks))


@dataclass(frozen=True)
class _Mark:
    """On the stack below a block's content: when it comes up, that block has been counted."""

    ttl: str
