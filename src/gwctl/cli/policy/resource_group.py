"""The commands that every kind of policy document has: `list show apply delete`. In: a `Kind`. Out: a click group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from gwctl.cli.admin.admin_options import Admin, admin_options, output_option
from gwctl.cli.environments.deployment import dry_run_option, yes_option
from gwctl.cli.policy.columns import COLUMNS
from gwctl.policy.kinds import CLIENTS, KEYS, KINDS, TEAMS, Kind

if TYPE_CHECKING:
    from gwctl.cli.admin.admin_client import Stored
    from gwctl.cli.policy.policy_input import Wanted

SIGNS = {"created": "+", "changed": "~", "deleted": "-"}
POLICY_FILE = "policy.yaml"
"""Who has written what the file of a local gateway says; see docs/adr."""

More = Callable[[Admin, "Stored"], Sequence[str]]
"""What else is known of a document that is shown: further lines."""

Document = Callable[[Admin, str], "Stored"]
Documents = Callable[[Admin], Sequence["Stored"]]


@dataclass(frozen=True)
class Reading:
    """How documents are read where the API knows more of them than what `apply` writes: their `state`."""

    one: Document
    all: Documents


files_option = click.option(
    "--file",
    "-f",
    "files",
    metavar="FILE|DIR|-",
    multiple=True,
    required=True,
    help="YAML or JSON: sections as in policy.yaml, or documents with a kind. Can be given more than once.",
)


def resource_group(
    kind: Kind, help_text: str, *, more: More | None = None, reading: Reading | None = None
) -> click.Group:
    """`gwctl <kind.command>`. `more` adds lines to `show`; with `reading`, documents have a state too."""
    group = click.Group(kind.command, help=help_text)
    group.add_command(_list(kind, reading))
    group.add_command(_show(kind, more, reading))
    if kind is not KEYS:  # their secrets are in no file, and they are revoked
        group.add_command(_apply(kind))
        group.add_command(_delete(kind))
    return group


def _list(kind: Kind, reading: Reading | None) -> click.Command:
    @click.command("list", help=f"List them all, by name.\n\n\b\nExample: gwctl {kind.command} list -o json")
    @output_option
    @admin_options
    def list_command(*, output: str, admin: Admin) -> None:
        found = reading.all(admin) if reading else list(admin.client.listed(kind.collection))
        print_all(kind, found, output, stateful=reading is not None)

    return list_command


def _show(kind: Kind, more: More | None, reading: Reading | None) -> click.Command:
    text = (
        f"Show one {kind.noun}.\n\nWith -o yaml it is what `apply -f` reads: change it and apply it. If somebody else "
        f"changes it meanwhile, apply says so.\n\n\b\nExample: gwctl {kind.command} show {_example(kind)} -o yaml"
    )

    @click.command("show", help=text)
    @click.argument("name", metavar=_metavar(kind))
    @output_option
    @admin_options
    def show_command(*, name: str, output: str, admin: Admin) -> None:
        _checked_id(kind, name)
        stored = reading.one(admin, name) if reading else admin.client.get(kind.path_of(name))
        lines = more(admin, stored) if more and output == "table" else ()
        print_one(kind, stored, output, lines, stateful=reading is not None)

    return show_command


def _apply(kind: Kind) -> click.Command:
    text = (
        "Create or change what the files name; nothing is deleted.\n\nShows the difference and asks. Running it again "
        f"changes nothing.\n\n\b\nExample: gwctl {kind.command} apply -f policy.yaml"
    )

    @click.command("apply", help=text)
    @files_option
    @yes_option
    @dry_run_option
    @admin_options
    def apply_command(*, files: tuple[str, ...], yes: bool, dry_run: bool, admin: Admin) -> None:
        own = (TEAMS, CLIENTS) if kind is TEAMS else (kind,)
        apply_files(admin, files, own, default=kind, yes=yes, dry_run=dry_run)

    return apply_command


def _delete(kind: Kind) -> click.Command:
    text = (
        f"Delete one. Refused while another document names it.\n\n\b\n"
        f"Example: gwctl {kind.command} delete {_example(kind)}"
    )

    @click.command("delete", help=text)
    @click.argument("name", metavar=_metavar(kind))
    @yes_option
    @dry_run_option
    @admin_options
    def delete_command(*, name: str, yes: bool, dry_run: bool, admin: Admin) -> None:
        _checked_id(kind, name)
        delete_one(admin, kind, kind.path_of(name), name, yes=yes, dry_run=dry_run)

    return delete_command


def apply_files(
    admin: Admin,
    files: Sequence[str],
    kinds: Sequence[Kind],
    *,
    default: Kind | None,
    yes: bool,
    dry_run: bool,
    prune: bool = False,
) -> None:
    """Reads the files and applies the documents of these kinds. Raises UserError."""
    from gwctl.cli.admin.enforced import enforced
    from gwctl.cli.environments.deployment import confirm, said
    from gwctl.cli.policy import applying
    from gwctl.cli.policy.policy_input import read_documents
    from gwctl.cli.prose import fitted
    from gwctl.core.errors import UserError

    found = read_documents(files, default)
    wanted = [each for each in found.wanted if each.kind in kinds]
    wanted = [each for each in wanted if each.kind is not KEYS]
    for note in _left_out(found.wanted, found.providers, kinds):
        said(fitted(note))
    if not wanted:
        nouns = " or ".join(kind.noun for kind in kinds) if len(kinds) < len(KINDS) else "document"
        raise UserError(f"{', '.join(files)} holds no {nouns}")
    admin.announce()
    plan = applying.make_plan(admin.client, wanted, prune=prune)
    if not plan.changes:
        click.echo("nothing to change")
        return
    for change in plan.changes:
        click.echo(f"{SIGNS[change.change]} {change.document}")
    for words in plan.words:
        click.echo(fitted(f"    {words}"))
    unchanged = len(wanted) - sum(change.change != "deleted" for change in plan.changes)
    if unchanged:
        click.echo(f"{unchanged} more as wanted already")
    kept = [change.document for change in plan.changes if change.changed_by == POLICY_FILE]
    if kept:
        said(fitted(f"{', '.join(kept)}: kept in {POLICY_FILE}, whose next change puts back what it says there."))
    if dry_run:
        said("Nothing was changed: --dry-run.")
        return
    count = len(plan.changes)
    confirm(f"Apply {'this change' if count == 1 else f'these {count} changes'}?", yes=yes)
    version = applying.carry_out(admin.client, plan)
    for change in plan.changes:
        said(f"{change.document} {change.change}")
    if admin.environment is None and not enforced(admin.data, version):
        said(fitted(f"The edge does not have it yet; `{admin.data.command('status')}` says more."))


def _left_out(wanted: Sequence["Wanted"], providers: Sequence[str], kinds: Sequence[Kind]) -> list[str]:
    notes: list[str] = []
    if providers:
        names = ", ".join(providers)
        notes.append(f"Not applied: providers {names}; they belong to the deployment, no API stores them.")
    if any(each.kind is KEYS for each in wanted):
        notes.append("Not applied: keys; `gwctl keys` makes and changes them, because their secrets are shown once.")
    others = sorted({each.kind.section for each in wanted if each.kind not in (*kinds, KEYS)})
    if others:
        notes.append(f"Left out: {', '.join(others)}; `gwctl apply -f` takes all of them.")
    return notes


def delete_one(admin: Admin, kind: Kind, path: str, name: str, *, yes: bool, dry_run: bool) -> None:
    """Says what goes with it, asks, deletes it. Raises UserError."""
    from gwctl.cli.environments.deployment import confirm, said
    from gwctl.cli.prose import fitted

    admin.announce()
    stored = admin.client.get(path)
    for words in admin.client.delete(path, stored.version, dry_run=True).difference:
        click.echo(fitted(words))
    if dry_run:
        said("Nothing was changed: --dry-run.")
        return
    confirm(f"Delete {kind.noun} {name}?", yes=yes)
    admin.client.delete(path, stored.version)
    said(f"{kind.noun} {name} deleted")


def print_all(kind: Kind, found: Sequence["Stored"], output: str, *, stateful: bool = False) -> None:
    """The documents on stdout; `stateful`: they have a state, even if it is not known."""
    from gwctl.cli import tables

    if output != "table":
        click.echo(_encoded([_envelope(kind, stored, output, stateful) for stored in found], output))
    elif found:
        columns = [column for column in COLUMNS[kind.section] if not column.alone]
        tables.print_table(columns, [_record(each) for each in found])
    else:
        click.echo(f"There is no {kind.noun} yet.", err=True)


def print_one(kind: Kind, stored: "Stored", output: str, more: Sequence[str] = (), *, stateful: bool = False) -> None:
    """One document on stdout; `more` are lines that follow it, `stateful` as for `print_all`."""
    from gwctl.cli import tables

    if output != "table":
        click.echo(_encoded(_envelope(kind, stored, output, stateful), output))
        return
    document = _record(stored)
    pairs = [(column.title.lower(), column.cell(document)) for column in COLUMNS[kind.section]]
    pairs.append(("description", str(document.get("description") or "")))
    pairs.append(("version", f"{stored.version}, by {stored.changed_by} on {stored.changed_at[:19].replace('T', ' ')}"))
    click.echo("\n".join([*tables.fields(pairs, tables.terminal_width()), *more]))


def _record(stored: "Stored") -> dict[str, Any]:
    """What the cells of columns are made from."""
    return {**stored.document, "state": stored.state}


def _envelope(kind: Kind, stored: "Stored", output: str, stateful: bool) -> dict[str, Any]:
    word = kind.noun.replace(" ", "-")
    return {
        "kind": word,
        "version": stored.version,
        "changed_by": stored.changed_by,
        "changed_at": stored.changed_at,
        "document": _written(kind, stored.document) if output == "yaml" else stored.document,
        **({"state": stored.state} if stateful else {}),
    }


def _written(kind: Kind, document: dict[str, Any]) -> dict[str, Any]:
    """The document as a person would write it: without what is so anyway."""
    from pydantic import ValidationError

    from gwctl.policy.validation import SECTIONS

    try:
        model = SECTIONS[kind.section].model_validate(document)
    except ValidationError:  # of a newer version than this gwctl
        return document
    return model.model_dump(exclude_defaults=True)


def _encoded(value: Any, output: str) -> str:
    from gwctl.cli import tables

    return tables.as_json(value) if output == "json" else tables.as_yaml(value)


def _metavar(kind: Kind) -> str:
    return "PROVIDER/MODEL" if kind.section == "pricing" else COLUMNS[kind.section][0].title


def _example(kind: Kind) -> str:
    examples = {
        "teams": "search",
        "budgets": "search-month",
        "keys": "gwk_0000000000",
        "routes": "fast",
        "scanner": "no-aws-keys",
    }
    return examples.get(kind.section, "openai/gpt-4o-mini")


def _checked_id(kind: Kind, name: str) -> None:
    from gwctl.core.errors import UserError

    if kind.section == "pricing" and not all(name.partition("/")):
        raise UserError(f"{name!r} is not the name of a price; write PROVIDER/MODEL, for example openai/gpt-4o-mini")
