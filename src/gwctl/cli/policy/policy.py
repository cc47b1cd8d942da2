"""`gwctl policy`: the policy as a whole, through the admin API: its versions, what changed, and the way back."""

from typing import TYPE_CHECKING, Any

import click

from gwctl.cli.admin.admin_options import Admin, admin_options, output_option
from gwctl.cli.environments.deployment import dry_run_option, yes_option

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMED = 3
"""So many documents of a change are listed; of the others, only their number."""

VERSION = click.IntRange(min=1)


@click.group()
def command() -> None:
    """Versions of the policy: history, differences, rollback."""


@command.command("show")
@click.argument("version", type=VERSION, required=False)
@output_option
@admin_options
def show_command(*, version: int | None, output: str, admin: Admin) -> None:
    """The newest version, or VERSION: who made it and when, and whether it is in force."""
    found = admin.client.call("GET", "/policy", query={"version": version} if version else {})
    if output != "table":
        _print(found, output)
        return
    from gwctl.cli.tables import fields, terminal_width

    pairs = [
        ("policy", str(found["label"])),
        ("in force", _state(found)),
        ("made by", f"{found['actor']} ({found['action']})"),
        ("made at", str(found["time"])),
        *((section, str(count)) for section, count in found["documents"].items()),
    ]
    click.echo("\n".join(fields(pairs, terminal_width())))


@command.command("history")
@click.option("--limit", "-n", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@output_option
@admin_options
def history_command(*, limit: int, output: str, admin: Admin) -> None:
    """The changes of the policy, newest first: who changed which documents, and when."""
    changes: list[dict[str, Any]] = admin.client.call("GET", "/policy/changes", query={"limit": limit})["items"]
    if output != "table":
        _print(changes, output)
        return
    if not changes:
        click.echo("No change was ever made.", err=True)
        return
    from gwctl.cli.tables import Column, print_table

    records = [
        {
            "version": change["version"],
            "time": str(change["time"])[:19].replace("T", " "),
            "actor": change["actor"],
            "action": change["action"],
            "documents": _documents(change),
        }
        for change in changes
    ]
    columns = [Column(name.upper(), lambda record, name=name: str(record[name])) for name in records[0]]
    print_table(columns, records)


@command.command("diff")
@click.argument("first", type=click.IntRange(min=0), metavar="[FROM]", required=False)
@click.argument("last", type=VERSION, metavar="[TO]", required=False)
@output_option
@admin_options
def diff_command(*, first: int | None, last: int | None, output: str, admin: Admin) -> None:
    """What is different between two versions, in words.

    TO is the newest version by default, FROM the one before TO.

    \b
    Example: gwctl policy diff 11
    """
    query = {name: value for name, value in (("from", first), ("to", last)) if value is not None}
    found = admin.client.call("GET", "/policy/difference", query=query)
    if output != "table":
        _print(found, output)
        return
    click.echo(f"From version {found['from']} to {found['to']}:", err=True)
    _print_words(found["difference"])


@command.command("rollback")
@click.argument("version", type=VERSION)
@yes_option
@dry_run_option
@admin_options
def rollback_command(*, version: int, yes: bool, dry_run: bool, admin: Admin) -> None:
    """Make a new version with the documents of VERSION, and bring it into force.

    Shows in words what changes, and asks. Clients stay as they are: a revoked one stays revoked.

    \b
    Example: gwctl policy rollback 11 --dry-run
    """
    from gwctl.cli.environments.deployment import confirm

    planned = _roll_back(admin, version, dry_run=True)
    if not planned["changed"]:
        click.echo(f"The policy says what version {version} said; there is nothing to change.", err=True)
        return
    click.echo(f"Going back to version {version}:", err=True)
    _print_words(planned["difference"])
    if dry_run:
        return
    confirm("Go back?", yes=yes)
    done = _roll_back(admin, version, dry_run=False)
    if done["difference"] != planned["difference"]:
        click.echo("Somebody else changed the policy meanwhile; this is what was done:", err=True)
        _print_words(done["difference"])
    click.echo(f"Policy version {done['policy_version']} is in force.", err=True)


def _roll_back(admin: Admin, version: int, *, dry_run: bool) -> dict[str, Any]:
    query = {"dry_run": "true"} if dry_run else {}
    return admin.client.call("POST", "/policy/rollback", body={"version": version}, query=query, attempts=1)


def _print(value: Any, output: str) -> None:
    from gwctl.cli.tables import as_json, as_yaml

    click.echo(as_json(value) if output == "json" else as_yaml(value))


def _print_words(words: "Sequence[str]") -> None:
    for line in words or ["nothing that has an effect"]:
        click.echo(f"  {line}")


def _state(found: dict[str, Any]) -> str:
    in_force = found["in_force"]
    if in_force == found["version"]:
        return "yes"
    return "no version was published yet" if in_force is None else f"no, version {in_force} is"


def _documents(change: dict[str, Any]) -> str:
    signs = {"created": "+", "changed": "~", "deleted": "-"}
    named = [f"{signs[each['change']]}{each['document']}" for each in change["documents"]]
    more = len(named) - NAMED
    note = [str(change["note"])] if change["note"] else []
    return ", ".join([*note, *named[:NAMED], *([f"{more} more"] if more > 0 else [])])
