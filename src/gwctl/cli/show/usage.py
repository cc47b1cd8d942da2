"""`gwctl usage`: what was used and what it cost: from the ledger (`list`, `show`) or the events (`report`, …)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gwctl.cli.admin.admin_options import Admin, admin_options, output_option
from gwctl.core.errors import EXIT_USER, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gwctl.audit.usage_events import EventSource
    from gwctl.ledger.usage.periods import Period

period_option = click.option(
    "--period",
    metavar="PERIOD",
    help="2026-11, 2026-11-21, or 2026-11-01..2026-11-15; days in UTC. Default: this month.",
)
events_option = click.option(
    "--events",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Usage events, one JSON object a line, .gz too; or a directory with a copy of the audit log. Default: what "
    "the gateway on this machine has written, with --env the audit log.",
)
audit_log_option = click.option(
    "--audit-log", "from_log", is_flag=True, help="Read the audit log of the gateway on this machine instead."
)


@click.group()
def command() -> None:
    """What was used and what it cost, by team, client and model."""


@command.command("list")
@period_option
@click.option("--by", default="team", show_default=True, help="Of day, team, client, model; with commas between.")
@click.option("--team", help="Of this team only. Needed for numbers by client.")
@click.option("--client", help="Of this client only.")
@click.option("--model", help="Of this model alias only.")
@output_option
@admin_options
def list_command(
    *,
    period: str | None,
    by: str,
    team: str | None,
    client: str | None,
    model: str | None,
    output: str,
    admin: Admin,
) -> None:
    """What the ledger has counted, as the admin API tells it.

    \b
    Example: gwctl usage list --by team,model --period 2026-11
    """
    _print_usage(admin, period, by, {"team": team, "client": client, "model": model}, output)


@command.command("show")
@click.argument("team", metavar="TEAM")
@period_option
@click.option("--by", default="client,model", show_default=True, help="Of day, client, model; with commas between.")
@output_option
@admin_options
def show_command(*, team: str, period: str | None, by: str, output: str, admin: Admin) -> None:
    """What one team used, by client and model.

    \b
    Example: gwctl usage show search --by day
    """
    _print_usage(admin, period, by, {"team": team}, output)


@command.command("report")
@period_option
@click.option(
    "--by",
    default="team,client,model",
    show_default=True,
    help="Of day, team, team_name, client, model, provider, target, tag:NAME (a team's tag, such as tag:project). "
    "Names and tags are those of the moment of the request.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "csv", "json", "focus")),
    default="table",
    show_default=True,
    help="focus: FOCUS 1.2 as CSV.",
)
@click.option("--billing-account", default="gateway", show_default=True, help="Who pays, for FOCUS.")
@events_option
@audit_log_option
@admin_options
def report_command(
    *,
    period: str | None,
    by: str,
    form: str,
    billing_account: str,
    events: tuple[Path, ...],
    from_log: bool,
    admin: Admin,
) -> None:
    """Chargeback from the usage events: who spent what, to the nano-dollar.

    \b
    Example: gwctl usage report --period 2026-11 --by tag:project,team --format csv
    """
    from gwctl.ledger.usage import chargeback, focus
    from gwctl.ledger.usage.dimensions import checked_dimensions
    from gwctl.ledger.usage.periods import parse_period

    days = parse_period(period)
    dimensions = checked_dimensions(by.split(","))
    source = _source(admin, events, from_log)
    if form == "focus":
        names, tags = _teams(admin)
        rows = focus.focus_rows(source.events(days), focus.Account(billing_account, billing_account, names, tags))
        click.echo(focus.as_csv(rows), nl=False)
        return
    _, tags = _teams(admin) if any(name.startswith("tag:") for name in dimensions) else ({}, {})
    report = chargeback.chargeback(source.events(days), days, dimensions, tags)
    if form == "table":
        rows = [{**dict(zip(dimensions, row.key, strict=True)), **row.counts} for row in report.rows]
        _print_table(admin, dimensions, rows, days)
    else:
        click.echo(chargeback.as_csv(report) if form == "csv" else chargeback.as_json(report), nl=form == "json")


@command.command("reconcile")
@period_option
@click.option("--windows/--no-windows", default=True, help="Compare the budgets' windows too; reads DynamoDB.")
@events_option
@audit_log_option
@output_option
@admin_options
def reconcile_command(
    *, period: str | None, windows: bool, events: tuple[Path, ...], from_log: bool, output: str, admin: Admin
) -> int:
    """Compare the ledger with the usage events, and list every difference. Exit code 1 when there is one.

    What came in during the last seconds may be in the one and not yet in the other.

    \b
    Example: gwctl usage reconcile --period 2026-11
    """
    from gwctl.cli import tables
    from gwctl.cli.show import ledger_view
    from gwctl.ledger.usage.dimensions import key_of, sums_of
    from gwctl.ledger.usage.periods import parse_period
    from gwctl.ledger.usage.reconcile import USAGE_KEY, compare_usage

    days = parse_period(period)
    wide = list(_source(admin, events, from_log).events(days.widened))
    found = [event for event in wide if event.started_at in days]
    differences = compare_usage(
        ledger_view.usage_sums(admin.client, days), sums_of(found, lambda event: key_of(event, USAGE_KEY, {}))
    )
    if windows:
        differences += ledger_view.window_differences(admin, wide, days)
    if output != "table":
        rows = [each.as_json() for each in differences]
        click.echo(tables.as_json(rows) if output == "json" else tables.as_yaml(rows))
    elif differences:
        tables.print_table(ledger_view.COLUMNS, [each.as_json() for each in differences])
    else:
        click.echo(f"Ledger and events agree: {len(found)} requests in {days}.")
    return EXIT_USER if differences else 0


@command.command("invoice")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@period_option
@click.option("--provider", help="Compare with what this provider served only: its id in the policy.")
@click.option("--day-column", "day", metavar="NAME", help="The column with the date, if it is not found.")
@click.option("--model-column", "model", metavar="NAME", help="The column with the model.")
@click.option("--cost-column", "cost", metavar="NAME", help="The column with the cost in dollars.")
@events_option
@audit_log_option
@output_option
@admin_options
def invoice_command(
    *,
    file: Path,
    period: str | None,
    provider: str | None,
    day: str | None,
    model: str | None,
    cost: str | None,
    events: tuple[Path, ...],
    from_log: bool,
    output: str,
    admin: Admin,
) -> None:
    """Compare a provider's invoice, as CSV, with what the gateway charged, model by model.

    \b
    Example: gwctl usage invoice openai-2026-11.csv --period 2026-11 --provider openai
    """
    from gwctl.cli import tables
    from gwctl.cli.show import ledger_view
    from gwctl.ledger.usage.invoice import compare, read_invoice
    from gwctl.ledger.usage.periods import parse_period

    days = parse_period(period)
    named = {name: value for name, value in (("day", day), ("model", model), ("cost", cost)) if value}
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            lines = read_invoice(text, named)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})") from None
    found = [each for each in _source(admin, events, from_log).events(days) if provider in (None, each.provider)]
    compared = [each.as_json() for each in compare(lines, found, days)]
    if output != "table":
        click.echo(tables.as_json(compared) if output == "json" else tables.as_yaml(compared))
    elif compared:
        tables.print_table(ledger_view.INVOICE_COLUMNS, [*compared, ledger_view.invoice_total(compared)])
    else:
        click.echo(f"Neither the invoice nor the gateway has anything in {days}.", err=True)


def _print_usage(admin: Admin, period: str | None, by: str, only: dict[str, str | None], output: str) -> None:
    from gwctl.cli import tables
    from gwctl.ledger.usage.periods import parse_period

    days = parse_period(period)
    query = {name: value for name, value in only.items() if value}
    pages = admin.client.pages("/usage", **{"from": str(days.first), "to": str(days.last), "by": by, **query})
    rows = [row for page in pages for row in page["rows"]]
    if output != "table":
        click.echo(tables.as_json(rows) if output == "json" else tables.as_yaml(rows))
        return
    dimensions = [name for name in ("day", "team", "client", "model") if name in by.split(",")]
    _print_table(admin, dimensions, rows, days, only.get("team"))


def _print_table(
    admin: Admin, dimensions: "Sequence[str]", rows: "Sequence[dict[str, Any]]", days: "Period", team: str | None = None
) -> None:
    from gwctl.cli import tables
    from gwctl.cli.show import ledger_view
    from gwctl.cli.show.client_names import client_names

    if not rows:
        click.echo(f"Nothing was used in {days}.", err=True)
        return
    teams = [team] if team else [str(row["team"]) for row in rows] if "team" in dimensions else None
    names = client_names(admin, teams) if "client" in dimensions else {}
    columns = ledger_view.usage_columns(dimensions, names)
    tables.print_table(columns, [*rows, ledger_view.usage_total(dimensions, rows)])


def _source(admin: Admin, events: tuple[Path, ...], from_log: bool) -> "EventSource":
    from gwctl.audit.usage_events import AuditLog, EventFiles
    from gwctl.audit.verify.reading import Directory
    from gwctl.cli.show import ledger_view

    if not events:
        if admin.environment or from_log:
            return AuditLog(ledger_view.audit_log(admin))
        own = admin.data.usage_events
        return EventFiles(*sorted(own.parent.glob(f"{own.name}.[0-9]*")), own)
    folders = [path for path in events if path.is_dir()]
    if from_log or (folders and len(events) > 1):
        raise UserError("--events takes files, or one directory with a copy of the audit log; and not --audit-log then")
    return AuditLog(Directory(folders[0])) if folders else EventFiles(*events)


def _teams(admin: Admin) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The teams' names and tags, from the admin API; or where none answers, from this machine's snapshot, or none."""
    try:
        documents = [stored.document for stored in admin.client.listed("/teams")]
    except UserError as error:
        if admin.environment:
            raise
        from gwctl.policy.snapshot import Snapshot, SnapshotError

        try:
            snapshot = Snapshot.from_json(admin.data.snapshot.read_bytes())
        except (OSError, SnapshotError):
            click.echo(f"Teams are shown without names and tags: {error}.", err=True)
            return {}, {}
        return {}, {name: dict(team.tags) for name, team in snapshot.teams.items()}
    names = {each["id"]: str(each.get("name") or "") for each in documents}
    return names, {each["id"]: dict(each.get("tags") or {}) for each in documents}
