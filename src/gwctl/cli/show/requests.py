"""`gwctl requests`: filters in; the requests that there were out, newest first, or as they come."""

import time
from collections.abc import Callable
from typing import Any, Final

import click

from gwctl.cli.admin.admin_options import Admin, admin_options, output_option

FILTERS: Final = ("team", "client", "key", "route", "model", "provider", "status", "since", "until")
TAIL_SECONDS: Final = 1.0


def _filters(function: Callable[..., Any]) -> Callable[..., Any]:
    words = {
        "route": "The alias that was asked for.",
        "model": "The model that answered.",
        "status": "success, failure",
    }
    words |= {"since": "RFC 3339, such as 2026-11-29T10:00:00Z.", "until": "The same; not included."}
    for name in reversed(FILTERS):
        function = click.option(f"--{name}", help=words.get(name, f"Of this {name} only."))(function)
    return function


@click.group()
def command() -> None:
    """Which requests there were: who asked, who answered, what it took and cost."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most.")
@click.option("--min-cost-nano-usd", type=int, help="That cost at least so much.")
@click.option("--min-latency-ms", type=float, help="That took at least so long.")
@_filters
@output_option
@admin_options
def list_command(*, limit: int, output: str, admin: Admin, **asked: Any) -> None:
    """The newest requests.

    \b
    Example: gwctl requests list --team search --status failure
    """
    from gwctl.cli import tables

    rows = _page(admin, limit, asked)
    if output != "table":
        click.echo(tables.as_json(rows) if output == "json" else tables.as_yaml(rows))
        return
    for row in rows:
        click.echo(_line(row))


@command.command("show")
@click.argument("request_id", metavar="ID")
@output_option
@admin_options
def show_command(*, request_id: str, output: str, admin: Admin) -> None:
    """Everything that is kept of one request."""
    from urllib.parse import quote

    from gwctl.cli import tables

    found = admin.client.call("GET", f"/requests/{quote(request_id, safe='')}")["request"]
    if output != "table":
        click.echo(tables.as_json(found) if output == "json" else tables.as_yaml(found))
        return
    for name, value in found.items():
        click.echo(f"{name:24} {value}")


@command.command("tail")
@click.option("--follow", "-f", is_flag=True, help="Go on, as requests come in.")
@_filters
@admin_options
def tail_command(*, follow: bool, admin: Admin, **asked: Any) -> None:
    """The last requests, oldest first; with --follow those that come, too.

    \b
    Example: gwctl requests tail --follow --team search
    """
    seen: set[str] = set()
    while True:
        rows = _page(admin, 50, asked)
        for row in reversed(rows):
            if row["id"] not in seen:
                click.echo(_line(row))
        seen |= {row["id"] for row in rows}
        if not follow:
            return
        time.sleep(TAIL_SECONDS)


def _page(admin: Admin, limit: int, asked: dict[str, Any]) -> list[dict[str, Any]]:
    query = {name: str(value) for name, value in asked.items() if value is not None}
    return admin.client.call("GET", "/requests", query={"limit": str(limit), **query})["items"]


def _line(row: dict[str, Any]) -> str:
    who = f"{row.get('team', '-')}/{row.get('client', '-')}"
    what = f"{row.get('model_requested', '-')} → {row.get('provider_used', '-')}/{row.get('model_used', '-')}"
    use = f"{row['prompt_tokens']}+{row['completion_tokens']} tokens  ${row.get('cost_usd', 0):.6f}"
    return f"{row['timestamp']}  {row['status']:7}  {who}  {what}  {row['latency_ms']:.0f} ms  {use}  {row['id']}"
