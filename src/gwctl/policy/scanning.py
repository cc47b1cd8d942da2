"""What scanner rules with a pattern do to a conversation: the whole request or the whole answer, as parsed JSON.

Pure. In: rules, and a request or an answer in OpenAI's or Anthropic's shape. Out: a `Finding`. Every string is looked
at but what is no text: ids and settings that look like it, and media in base64. In the input of a tool everything
is text, numbers and names of members too.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

from gwctl.policy.documents import ScannerRule
from gwctl.policy.patterns import Pattern, compiled

_Change: TypeAlias = Callable[[str], str]

_SETTINGS: Final = frozenset(
    {
        *("call_id", "id", "tool_call_id", "tool_use_id"),
        *("model", "object", "provider", "role", "service_tier", "system_fingerprint", "type"),
        *("finish_reason", "stop_reason"),
        *("detail", "encoding_format", "format", "media_type", "ttl"),
        *("reasoning_effort", "required", "tool_choice", "verbosity"),
    }
)
_SETTING: Final = compiled(r"^[A-Za-z0-9_.:/-]{1,128}$")
_MEDIA: Final = frozenset({"data", "encrypted_content", "file_data", "signature", "url"})
_BASE64: Final = compiled(r"^(?:data:[^,]{0,200};base64,)?[A-Za-z0-9+/_-]{64,}={0,2}$")


@dataclass(frozen=True)
class PatternRule:
    """A rule as it travels: `replacement` is None for a rule that denies."""

    id: str
    pattern: Pattern
    replacement: str | None


@dataclass(frozen=True)
class Finding:
    """The rules that found something, and whether they let it pass; `changed` is the new JSON if it is another."""

    passes: bool
    rules: tuple[str, ...] = ()
    changed: Any = None


def as_header(rules: Iterable[ScannerRule]) -> str:
    """Rules with a pattern as one line of ASCII, for `from_header`."""
    return json.dumps(
        [[rule.id, rule.pattern, rule.replacement if rule.action == "redact" else None] for rule in rules],
        separators=(",", ":"),
    )


@lru_cache(maxsize=256)
def from_header(line: str) -> tuple[PatternRule, ...]:
    """What `as_header` was given. Raises ValueError for another line."""
    return tuple(PatternRule(name, compiled(pattern), replacement) for name, pattern, replacement in json.loads(line))


def scan(rules: Iterable[PatternRule], content: object) -> Finding:
    """Looks for the patterns of the denying rules first; if none is there, the others replace what they find, in order.

    What cannot be read, tokens instead of text and JSON of some hundred levels, does not pass.
    """
    if _is_tokens(content):
        return Finding(passes=False)
    found: dict[str, None] = {}

    def deny(text: str) -> str:
        found.update({rule.id: None for rule in denying if rule.id not in found and rule.pattern.is_in(text)})
        return text

    def redact(text: str) -> str:
        for rule in redacting:
            before, text = text, rule.pattern.replaced(text, rule.replacement or "")
            if text is not before:
                found[rule.id] = None
        return text

    rules = tuple(rules)
    denying = [rule for rule in rules if rule.replacement is None]
    redacting = [rule for rule in rules if rule.replacement is not None]
    try:
        if denying:
            _mapped(content, deny)
        if found:
            return Finding(passes=False, rules=tuple(found))
        changed = _mapped(content, redact) if redacting else content
    except RecursionError:
        return Finding(passes=False)
    return Finding(passes=True, rules=tuple(found), changed=None if changed is content else changed)


def _is_tokens(content: object) -> bool:
    """Embeddings may be asked for with the numbers of tokens, which nobody can read here."""
    given = cast("dict[str, object]", content).get("input") if isinstance(content, dict) else None
    return isinstance(given, list) and any(not isinstance(each, str | dict) for each in cast("list[object]", given))


def _mapped(value: Any, change: _Change, name: str = "", *, free: bool = False) -> Any:
    """The JSON with every text changed; the same object where nothing was. `free`: in the input of a tool."""
    if isinstance(value, str):
        if not free and _is_no_text(name, value):
            return value
        return change(_inner(value, change) if name == "arguments" else value)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        mapped = [_mapped(each, change, name, free=free) for each in items]
        return mapped if any(new is not old for new, old in zip(mapped, items, strict=True)) else items
    if isinstance(value, dict):
        return _members(cast("dict[str, Any]", value), change, free=free)
    if free and isinstance(value, int | float) and not isinstance(value, bool):
        number = json.dumps(value)
        return value if change(number) is number else change(number)
    return value


def _members(value: dict[str, Any], change: _Change, *, free: bool) -> dict[str, Any]:
    uses_tool = str(value.get("type")).endswith("tool_use")
    mapped: dict[str, Any] = {}
    for name, each in value.items():
        new = change(name) if free else name
        while new in mapped:
            new += "_"
        mapped[new] = _mapped(each, change, name, free=free or (uses_tool and name == "input"))
    same = all(a is b and mapped[a] is value[b] for a, b in zip(mapped, value, strict=True))
    return value if same else mapped


def _inner(arguments: str, change: _Change) -> str:
    """The arguments of a tool call are JSON inside a string: escapes could hide what is looked for."""
    try:
        parsed = json.loads(arguments)
    except ValueError:
        return arguments
    mapped = _mapped(parsed, change, free=True)
    return arguments if mapped is parsed else json.dumps(mapped, ensure_ascii=False)


def _is_no_text(name: str, value: str) -> bool:
    if name in _SETTINGS:
        return _SETTING.is_in(value)
    return name in _MEDIA and _BASE64.is_in(value)
