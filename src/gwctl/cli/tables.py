"""Tables for a terminal. In: columns and records. Out: lines that fit, or one block of lines for each record.

Where nobody looks (a pipe, a file) nothing is cut or left out.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column of a table. On a narrow terminal those with the highest `rank` are left out first.

    With `alone` it is shown only where one document is.
    """

    title: str
    cell: Callable[[Mapping[str, Any]], str]
    rank: int = 0
    right: bool = False
    alone: bool = False


COMFORTABLE, LEAST = 28, 12
"""A column is cut to the first of these while there are others to leave out, and to no fewer than the second."""


def terminal_width() -> int | None:
    """The columns of the terminal; None where there is none."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return shutil.get_terminal_size().columns
    return None


def table_lines(columns: Sequence[Column], records: Sequence[Mapping[str, Any]], width: int | None) -> list[str]:
    """The table as lines of at most `width` characters."""
    if not records:
        return []
    fitting = _fitting(columns, records, width)
    if fitting is None:
        assert width is not None, "without a width everything fits"
        return _blocks(columns, records, width)
    shown, widths = fitting
    titles = [column.title for column in shown]
    return [_line(shown, row, widths) for row in [titles, *_rows(shown, records)]]


def left_out(columns: Sequence[Column], records: Sequence[Mapping[str, Any]], width: int | None) -> list[str]:
    """The titles of the columns for which there is no room."""
    fitting = _fitting(columns, records, width) if records else None
    return [column.title for column in columns if column not in fitting[0]] if fitting else []


def print_table(columns: Sequence[Column], records: Sequence[Mapping[str, Any]]) -> None:
    """The table on stdout, as wide as the terminal; what that leaves out is told on stderr."""
    import click

    from gwctl.cli.prose import fitted

    width = terminal_width()
    click.echo("\n".join(table_lines(columns, records, width)))
    if titles := left_out(columns, records, width):
        click.echo(fitted(f"Not shown, for {width} columns are too few: {', '.join(titles)}."), err=True)


def _rows(columns: Sequence[Column], records: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    return [[column.cell(each) for column in columns] for each in records]


def _fitting(
    columns: Sequence[Column], records: Sequence[Mapping[str, Any]], width: int | None
) -> tuple[list[Column], list[int]] | None:
    """The columns that are shown, and how wide they are; None: not even the most important ones have room."""
    shown = list(columns)
    while True:
        rows = [[column.title for column in shown], *_rows(shown, records)]
        widths = [max(len(row[index]) for row in rows) for index in range(len(shown))]
        if width is None or _total(widths) <= width:
            return shown, widths
        last = max(column.rank for column in shown)
        widths = _shrunk(widths, [len(column.title) for column in shown], width, COMFORTABLE if last > 1 else LEAST)
        if _total(widths) <= width:
            return shown, widths
        if last == 0:
            return None
        shown = [column for column in shown if column.rank < last]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + 2 * (len(widths) - 1)


def _shrunk(widths: Sequence[int], titles: Sequence[int], width: int, least: int) -> list[int]:
    """The widest columns made narrower, one character at a time, until all fit or none can give more."""
    found = list(widths)
    while _total(found) > width:
        most = max(range(len(found)), key=lambda index: found[index] - max(least, titles[index]))
        if found[most] <= max(least, titles[most]):
            break
        found[most] -= 1
    return found


def _line(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        _cut(cell, width).rjust(width) if column.right else _cut(cell, width).ljust(width)
        for column, cell, width in zip(columns, row, widths, strict=True)
    ]
    return "  ".join(cells).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _blocks(columns: Sequence[Column], records: Sequence[Mapping[str, Any]], width: int) -> list[str]:
    lines: list[str] = []
    for index, record in enumerate(records):
        lines += [""] if index else []
        lines += fields([(column.title.lower(), column.cell(record)) for column in columns], width)
    return lines


def fields(pairs: Sequence[tuple[str, str]], width: int | None) -> list[str]:
    """One line for each pair, values in one column; those that say nothing are left out."""
    told = [(name, value) for name, value in pairs if value]
    label = max((len(name) for name, _ in told), default=0)
    lines: list[str] = []
    for name, value in told:
        room = None if width is None else max(LEAST, width - label - 2)
        first, *rest = _pieces(value, room)
        lines += [f"{name:<{label}}  {first}", *(f"{'':<{label}}  {piece}" for piece in rest)]
    return lines


def _pieces(text: str, room: int | None) -> list[str]:
    if room is None:
        return [text]
    return [text[start : start + room] for start in range(0, len(text), room)] or [""]


def as_json(value: Any) -> str:
    """JSON for programs and people."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False)


def as_yaml(value: Any) -> str:
    """YAML in the order of the keys."""
    import yaml

    return yaml.safe_dump(plain(value), sort_keys=False, allow_unicode=True, default_flow_style=None, width=110).rstrip(
        "\n"
    )


def plain(value: Any) -> Any:
    """A value with numbers that JSON and YAML know; one that they would round becomes a string."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    return value
