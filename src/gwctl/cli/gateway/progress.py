"""Shows a gateway's start. In: one `Status` after the other. Out: a live table on a terminal, plain lines elsewhere.

All of it goes to stderr: stdout is for results.
"""

import os
import sys
from typing import TYPE_CHECKING, Self

import click

from gwctl.cli.prose import fitted

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.spinner import Spinner
    from rich.table import Table

    from gwctl.local.supervisor.status import PartStatus, Status

WHAT = {
    "aws": "emulated AWS",
    "issuer": "gives out tokens",
    "sample": "sample provider",
    "gateway": "Portkey",
    "admin": "admin API",
    "agent": "policy and usage",
    "edge": "Envoy",
}
"""What each part is, in a few words."""


class Progress:
    """A context manager. `quiet` shows nothing."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._fancy = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._closed = False
        self._live: Live | None = None
        self._states: dict[str, str] = {}

    def changed(self, status: "Status") -> None:
        """Show a newer status."""
        if self._quiet or self._closed:
            return
        if self._fancy:
            self._show(status)
            return
        for part in status.parts:
            if self._states.get(part.name) != part.state:
                self._states[part.name] = part.state
                if part.state == "running":
                    click.echo(f"{part.name:<8} ready", err=True)

    def said(self, line: str) -> None:
        """Show a line, above the table if there is one."""
        if self._quiet:
            return
        if self._live:
            self._live.console.print(line, markup=False, highlight=False)
        else:
            click.echo(fitted(line), err=True)

    def close(self) -> None:
        """Show no more of the parts; lines that are said still appear."""
        if self._live:
            self._live.stop()
            self._live = None
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _show(self, status: "Status") -> None:
        table = _table(status)
        if self._live:
            self._live.update(table)
            return
        from rich.console import Console
        from rich.live import Live

        self._live = Live(table, console=Console(stderr=True), transient=True, refresh_per_second=12)
        self._live.start()


def _table(status: "Status") -> "Table":
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(width=1)
    for part in status.parts:
        table.add_row(_mark(part), part.name, f"[dim]{WHAT[part.name]}[/dim]", part.detail)
    return table


_SPINNERS: dict[str, "Spinner"] = {}


def _mark(part: "PartStatus") -> "RenderableType":
    from rich.spinner import Spinner

    if part.state == "starting":
        # The same object at every refresh, or it would begin anew and never turn.
        return _SPINNERS.setdefault(part.name, Spinner("dots"))
    return {"waiting": "[dim]·[/dim]", "running": "[green]✓[/green]", "stopped": "[dim]-[/dim]"}.get(
        part.state, "[yellow]![/yellow]"
    )
