"""Shows Terraform at work. In: its events. Out: a line for each resource that is done; on a terminal also what goes on.

All of it goes to stderr. `quiet` shows nothing.
"""

import os
import sys
import time
from typing import TYPE_CHECKING, Final, Self

import click

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from gwctl.environments.terraform.events import Event

_DONE: Final = {"create": "created", "update": "changed", "delete": "destroyed", "read": "read"}
_DOING: Final = {"create": "creating", "update": "changing", "delete": "destroying", "read": "reading"}
_SHOWN: Final = 8
"""So many resources that are being worked on are shown at once."""
_SLOW_SECONDS: Final = 30.0
"""Where there is no terminal, a resource that takes so long is told of, so that nobody thinks it hangs."""


class ApplyView:
    """A context manager; its `event` is a listener for a `TerraformRunner`, its `step` tells what comes now."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._fancy = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._live: Live | None = None
        self._working: dict[str, tuple[str, float]] = {}
        self._told: set[str] = set()
        self._step = ""
        self.total = 0
        self.done = 0

    def step(self, words: str) -> None:
        """What comes now: connecting, planning, applying."""
        self._step = words
        self._working.clear()
        if self._quiet:
            return
        if self._fancy:
            self._refresh()
        else:
            click.echo(f"{words} …", err=True)

    def said(self, words: str) -> None:
        """A line of its own."""
        self._say(words, None)

    def event(self, event: "Event") -> None:
        """Take in what Terraform reports."""
        match event.phase:
            case "started":
                self._working[event.address] = (event.action, time.monotonic())
            case "reading":
                self._working[event.address] = ("read", time.monotonic())
            case "read":
                self._working.pop(event.address, None)
            case "going on":
                self._tell_slow(event)
            case "done" | "failed":
                self._finish(event)
            case _:
                pass
        self._refresh()

    def close(self) -> None:
        """Show no more."""
        if self._live:
            self._live.stop()
            self._live = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _finish(self, event: "Event") -> None:
        self._working.pop(event.address, None)
        if event.action not in _DOING or event.action == "read":
            return
        failed = event.phase == "failed"
        if not failed:
            self.done += 1
        place = f"{self.done:>{len(str(self.total))}}/{self.total}" if self.total else str(self.done)
        word = "failed" if failed else _DONE[event.action]
        took = f"  {event.seconds:.0f} s" if event.seconds >= 1 else ""
        self._say(f"{place}  {word:<9}  {event.address}{took}", "red" if failed else None)

    def _tell_slow(self, event: "Event") -> None:
        if self._fancy or event.seconds < _SLOW_SECONDS or event.address in self._told:
            return
        self._told.add(event.address)
        doing = _DOING.get(event.action, event.action)
        indent = len(str(self.total)) * 2 + 1
        self._say(f"{'…':>{indent}}  {doing:<9}  {event.address} takes longer than {_SLOW_SECONDS:.0f} s", None)

    def _say(self, line: str, colour: str | None) -> None:
        if self._quiet:
            return
        if self._live:
            self._live.console.print(line, style=colour or "", markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(click.style(line, fg=colour) if colour else line, err=True)

    def _refresh(self) -> None:
        if not self._fancy:
            return
        from rich.live import Live

        if self._live is None:
            from rich.console import Console

            self._live = Live(
                get_renderable=self._picture, console=Console(stderr=True), transient=True, refresh_per_second=4
            )
            self._live.start()

    def _picture(self) -> "RenderableType":
        from rich.table import Table

        now = time.monotonic()
        table = Table.grid(padding=(0, 2))
        table.add_column(width=10)
        table.add_column(overflow="ellipsis", no_wrap=True)
        table.add_column(justify="right", width=6)
        count = f"{self.done}/{self.total}" if self.total else ""
        table.add_row(f"[bold]{count}[/bold]" if count else "", f"[bold]{self._step}[/bold]", "")
        # A refresh on another thread may come while events change it.
        working = sorted(list(self._working.items()), key=lambda each: each[1][1])  # noqa: C414
        for address, (action, since) in working[:_SHOWN]:
            table.add_row(f"[dim]{_DOING.get(action, action)}[/dim]", address, f"[dim]{now - since:.0f} s[/dim]")
        if len(working) > _SHOWN:
            table.add_row("", f"[dim]and {len(working) - _SHOWN} more[/dim]", "")
        return table
