"""Values in Terraform's language, formatted as `terraform fmt` does. In: JSON-like values. Out: text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
LINE_LENGTH: Final = 100
"""A list that fits is written on one line."""


def attributes(values: Mapping[str, Any], indent: str = "") -> str:
    """One attribute a line, in order; equals signs of neighbouring one-line attributes are aligned.

    None is left out: the variable's default holds.
    """
    written = [(key, expression(value, indent)) for key, value in values.items() if value is not None]
    names = [name if _IDENTIFIER.match(name) else text(name) for name, _ in written]
    lines: list[str] = []
    for index, (name, (_, value)) in enumerate(zip(names, written, strict=True)):
        width = 0 if "\n" in value else _width(index, names, [each for _, each in written])
        lines.append(f"{indent}{name:<{width}} = {value}")
    return "\n".join(lines)


def _width(index: int, names: Sequence[str], values: Sequence[str]) -> int:
    """The longest name among the one-line attributes around `index`."""
    first = index
    while first > 0 and "\n" not in values[first - 1]:
        first -= 1
    last = index
    while last + 1 < len(values) and "\n" not in values[last + 1]:
        last += 1
    return max(len(name) for name in names[first : last + 1])


def expression(value: Any, indent: str = "") -> str:
    """A value. `indent` is that of the line on which it begins."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return text(value)
    if value is None:
        return "null"
    inner = f"{indent}  "
    if isinstance(value, Mapping):
        body = attributes(value, inner)
        return f"{{\n{body}\n{indent}}}" if body else "{}"
    if isinstance(value, Sequence):
        entries = [expression(entry, inner) for entry in value]
        line = f"[{', '.join(entries)}]"
        if not any("\n" in entry for entry in entries) and len(line) <= LINE_LENGTH:
            return line
        return "[\n" + "".join(f"{inner}{entry},\n" for entry in entries) + f"{indent}]"
    raise TypeError(f"{type(value).__name__} has no form in Terraform's language")


def text(value: str) -> str:
    """A quoted string. Neither `${` nor `%{` begins a template in it."""
    escaped = "".join(
        _ESCAPES.get(character, character if character.isprintable() else _unicode(character)) for character in value
    )
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _unicode(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
