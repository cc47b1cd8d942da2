"""`gwctl status`: a data directory in, what runs there and which policy is in force out."""

from typing import TYPE_CHECKING, Any

import click

from gwctl.cli.options import data_dir_option, json_option
from gwctl.core.errors import EXIT_USER, UserError

if TYPE_CHECKING:
    from gwctl.local.data_dir import DataDir
    from gwctl.local.supervisor.status import Status


@click.command()
@json_option
@data_dir_option
def command(as_json: bool, data: "DataDir") -> int:
    """Show what runs, and the policy in force. Exit code 1 when no gateway runs."""
    import json

    from gwctl.local.supervisor import running
    from gwctl.local.supervisor.status import Status

    run = running.current(data)
    status = Status.read(data.status)
    if run is None or status is None:
        if as_json:
            click.echo(json.dumps({"state": "stopped"}))
            return EXIT_USER
        raise UserError(_not_running(data, status))
    health = _health(status)
    if as_json:
        click.echo(json.dumps({**status.as_json(), "healthz": health}))
    else:
        click.echo("\n".join(_lines(status, health)))
    return 0


def _not_running(data: "DataDir", status: "Status | None") -> str:
    if status and status.state not in {"stopped", "failed"}:
        clean = f"`{data.command('down')}` or `{data.command('up')}` cleans up"
        return f"the gateway in {data.root} ended without stopping its parts; {clean}"
    return f"no gateway runs in {data.root}; start one with `{data.command('up')}`"


def _health(status: "Status") -> int | None:
    """What the edge's /healthz answers now."""
    import asyncio
    from urllib.parse import urlsplit

    from gwctl.local.supervisor.health import status_of

    port = urlsplit(status.gateway_url).port
    return asyncio.run(status_of(port, "/healthz")) if port else None


def _lines(status: "Status", health: int | None) -> list[str]:
    well = status.state == "ready" and health == 200
    word = click.style("ready", fg="green") if well else click.style(f"not ready ({_why(status, health)})", fg="yellow")
    lines = [f"{status.gateway_url} is {word}.", f"Started {status.started}, process {status.pid}.", ""]
    rows = [("part", "state", "pid", "port", "restarts")]
    rows += [
        (part.name, part.state, str(part.pid or "-"), str(part.port or "-"), str(part.restarts))
        for part in status.parts
    ]
    lines += _columns(rows)
    lines += [f"  {part.name}: {part.detail}" for part in status.parts if part.detail]
    lines += [f"Admin API: {status.admin_url}", ""]
    lines += _policy(status)
    lines += ["", "Providers:"]
    lines += [
        f"  {each.id} ({each.source}){'' if each.has_secret else ': has no key now'}" for each in status.providers
    ]
    return lines


def _policy(status: "Status") -> list[str]:
    policy = status.policy
    lines = [f"Policy {policy.applied or 'none'} is in force.", f"  {policy.path}"]
    if policy.rejected:
        lines.append(click.style(f"The edge rejected {policy.label}: {policy.rejected}", fg="red"))
    elif policy.applied != policy.label:
        lines.append(f"Policy {policy.label} is on its way.")
    if policy.source:
        lines.append(click.style(f"Changes do not reach the edge: {policy.source}", fg="red"))
    if policy.problems:
        lines.append(click.style("The file has problems and is not in force as it is now:", fg="red"))
        lines += [f"  {problem}" for problem in policy.problems]
    return lines


def _why(status: "Status", health: int | None) -> str:
    if status.state != "ready":
        return status.state
    return f"/healthz answers {health}" if health else "the edge does not answer"


def _columns(rows: list[tuple[Any, ...]]) -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
