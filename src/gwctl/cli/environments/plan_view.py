"""A plan for people. In: a `Plan`. Out: lines, by module: what changes, why, and what is lost."""

import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from gwctl.environments.terraform.plan import Change, Plan

_COLOURS: Final = {"add": "green", "change": "yellow", "replace": "magenta", "destroy": "red", "forget": "blue"}
_PAST: Final = {
    "add": "to add",
    "change": "to change",
    "replace": "to replace",
    "destroy": "to destroy",
    "forget": "to forget",
}
_FEW: Final = 4
"""So many additions or destructions of a module are named one by one; of more, types are counted."""
_FEW_OUTPUTS: Final = 8
_WIDE: Final = 120


def lines_of(plan: "Plan") -> Iterator[str]:
    """The lines."""
    width = (
        shutil.get_terminal_size((_WIDE, 24)).columns if sys.stderr.isatty() or "COLUMNS" in _environment() else _WIDE
    )
    if plan.is_empty:
        yield "Nothing changes."
        return
    for module, changes in plan.by_module().items():
        counts = Counter(change.action for change in changes)
        yield ""
        yield f"{click.style(module, bold=True)}  {_counts(counts)}"
        yield from _of_module(changes, width)
    if plan.outputs:
        yield ""
        named = ", ".join(plan.outputs) if len(plan.outputs) <= _FEW_OUTPUTS else str(len(plan.outputs))
        yield from _wrapped(f"Outputs that change: {named}", width, "")
    losing = plan.losing_data()
    if losing:
        yield ""
        yield click.style("Data is lost with:", fg="red", bold=True)
        for change in losing:
            yield f"  {change.address}"
    yield ""
    yield click.style(f"In all: {_counts(plan.counts) or 'outputs alone'}.", bold=True)


def _environment() -> "dict[str, str]":
    import os

    return dict(os.environ)


def _of_module(changes: "list[Change]", width: int) -> Iterator[str]:
    for action in _COLOURS:
        group = [change for change in changes if change.action == action]
        plain = [change for change in group if not change.reason and not change.attributes]
        if len(plain) > _FEW and action in ("add", "destroy"):
            yield from _counted(action, plain, width)
            group = [change for change in group if change not in plain]
        for change in group:
            yield from _one(change, width)


def _counted(action: str, changes: "list[Change]", width: int) -> Iterator[str]:
    types = Counter(change.type for change in changes)
    text = ", ".join(kind if count == 1 else f"{kind} ({count})" for kind, count in sorted(types.items()))
    symbol = _symbol(action)
    for index, line in enumerate(
        textwrap.wrap(text, max(width - 4, 30), break_long_words=False, break_on_hyphens=False)
    ):
        yield f"  {symbol if index == 0 else ' '} {line}"


def _one(change: "Change", width: int) -> Iterator[str]:
    yield f"  {_symbol(change.action)} {change.short}"
    if change.reason:
        verb = "replaced because" if change.action == "replace" else "because"
        yield from _wrapped(f"{verb} {change.reason}", width, "      ")
    if change.attributes:
        yield from _wrapped(", ".join(change.attributes), width, "      ")


def _wrapped(text: str, width: int, indent: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        max(width, 30),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _symbol(action: str) -> str:
    from gwctl.environments.terraform.plan import SYMBOLS

    return click.style(SYMBOLS[action], fg=_COLOURS[action], bold=True)


def _counts(counts: "dict[str, int] | Counter[str]") -> str:
    return ", ".join(
        click.style(f"{counts[action]} {words}", fg=_COLOURS[action])
        for action, words in _PAST.items()
        if counts.get(action)
    )
