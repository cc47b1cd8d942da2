"""`gwctl audit`: where the audit log is in, whether it is whole out; if not, its first break."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gwctl.cli.options import data_dir_option, json_option
from gwctl.core.errors import EXIT_USER, UserError

if TYPE_CHECKING:
    from gwctl.audit.verify.check import Checked
    from gwctl.audit.verify.gone import Closed
    from gwctl.audit.verify.reading import Days
    from gwctl.local.data_dir import DataDir


@click.group()
def command() -> None:
    """Check the audit log, and the ledger against it: who asked what of which model, and who changed the policy."""


@command.command()
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="First day, in UTC.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="Last day, included.")
@click.option("--env", metavar="NAME", help="Read the log of a deployed environment.")
@click.option("--path", type=click.Path(path_type=Path), metavar="DIR", help="Read a copy of the log's files.")
@click.option("--head", "heads", multiple=True, metavar="SHARD:SEQUENCE:HASH", help="With --path: an end to expect.")
@json_option
@data_dir_option
def verify(
    first: datetime | None,
    last: datetime | None,
    env: str | None,
    path: Path | None,
    heads: tuple[str, ...],
    as_json: bool,
    data: "DataDir",
) -> int:
    """Prove that the audit log is complete and unaltered, or name the first break. Exit code 1 then.

    Each record carries the hash of the one before it, and the agents write the ends of their chains down in the
    ledger. Without --env or --path the log of the gateway on this machine is checked.
    """
    from gwctl.audit.verify.reading import Days
    from gwctl.environments.deploy import audit_log as places

    if env and path:
        raise UserError("--env and --path exclude each other; give one of them")
    if heads and not path:
        raise UserError("--head is for --path: elsewhere the ends are read from the ledger")
    days = Days(_day(first), _day(last))
    if days.first and days.last and days.last < days.first:
        raise UserError(f"--to {days.last} is before --from {days.first}; turn the two round")
    if path:
        checked = places.in_directory(path, days, heads)
    elif env:
        checked = places.in_environment(env, days)
    else:
        checked = places.in_local_gateway(data, days)
    if as_json:
        _print_json(checked)
    else:
        _print(checked, days)
    return 0 if checked.report.whole else EXIT_USER


@command.command()
@click.option("--env", metavar="NAME", required=True, help="The deployed environment.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@json_option
def reconcile(env: str, dry_run: bool, as_json: bool) -> int:
    """Give back what agents that are gone for ever had leased and not spent.

    What an agent that died had leased from a budget counts as spent. Two hours after its lease expired, what it really
    spent is taken from the audit log, if its part of that is whole, and the rest is free again. Doing it twice changes
    nothing, so let a scheduler run it every hour. Exit code 1 when a lease had to be left open.
    """
    from gwctl.environments.deploy.applied import Applied
    from gwctl.environments.deploy.audit_log import reconcile_applied
    from gwctl.environments.project import Project

    done = reconcile_applied(Applied.read(Project.find().place(env)), dry_run=dry_run)
    if as_json:
        import json
        from dataclasses import asdict

        click.echo(json.dumps([asdict(each) for each in done]))
    elif not done:
        click.echo("No agent that is gone has left anything behind.")
    else:
        for each in done:
            click.echo(_closed(each, dry_run))
    return EXIT_USER if any(each.problem for each in done) else 0


def _closed(closed: "Closed", dry_run: bool) -> str:
    gone = closed.gone
    if closed.problem:
        return f"{gone.key}: agent {gone.agent} keeps its lease: {closed.problem}"
    words = "would be given back" if dry_run else "given back"
    return f"{gone.key}: agent {gone.agent} has spent {closed.audited}, {closed.given_back} {words}"


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _print_json(checked: "Checked") -> None:
    import json
    from dataclasses import asdict

    report = checked.report
    click.echo(json.dumps({"whole": report.whole, **asdict(report), "remarks": checked.remarks}))


def _print(checked: "Checked", days: "Days") -> None:
    from gwctl.audit.changes import SHARD

    report = checked.report
    width = max((len(shard.name) for shard in report.shards), default=0)
    for shard in report.shards:
        proven = "no head known" if shard.proven_to is None else f"confirmed by a head up to {shard.proven_to}"
        what = "changes" if shard.name == SHARD else "records"
        click.echo(f"{shard.name:<{width}}  {shard.first} to {shard.last}  {shard.records} {what}, {proven}")
    for remark in checked.remarks:
        click.echo(f"Note: {remark}")
    copies = f", {report.duplicates} of them copies" if report.duplicates else ""
    about = f"{report.records} records{copies}, {_period(days)}"
    if report.whole:
        click.echo(f"The audit log is whole: {about}.")
        return
    click.echo(f"The audit log is broken: {about}, {len(report.breaks)} breaks. The first one:", err=True)
    click.echo(str(report.breaks[0]), err=True)


def _period(days: "Days") -> str:
    if days.first is None and days.last is None:
        return "all days"
    return f"{days.first or 'the first day'} to {days.last or 'today'}"
