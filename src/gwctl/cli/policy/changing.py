"""One document made or changed by one command, without a file: what `create`, `set` and `add` have in common."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gwctl.cli.admin.admin_client import Stored, Written
    from gwctl.cli.admin.admin_options import Admin


def names(_: click.Context, __: click.Parameter, value: str | None) -> Any:
    """A callback of click's: `a,b` → ["a", "b"]; * and None stay."""
    return value if value in (None, "*") else [name.strip() for name in str(value).split(",") if name.strip()]


def pairs(_: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    """A callback of click's: `NAME=VALUE`, any number of them; None: not given."""
    found = [value.partition("=") for value in values]
    if not all(name and equals for name, equals, _ in found):
        raise click.BadParameter("write NAME=VALUE", param=param)
    return {name: value for name, _, value in found} or None


def given(**fields: Any) -> dict[str, Any]:
    """The fields that somebody has named."""
    return {name: value for name, value in fields.items() if value is not None}


def store(admin: "Admin", path: str, document: Mapping[str, Any], stored: "Stored | None", *, dry_run: bool) -> None:
    """Puts the document in the place of what is stored, and says what that means. Raises UserError."""
    from gwctl.cli.environments.deployment import said
    from gwctl.cli.prose import fitted

    version = stored.version if stored else None
    written = admin.client.put(path, document, version, dry_run=dry_run)
    for words in written.difference or ["nothing to change"]:
        click.echo(fitted(words))
    if dry_run:
        said("Nothing was changed: --dry-run.")


def show_once(written: "Written", told: Mapping[str, Any], table: str, output: str, *, what: str) -> None:
    """Credentials on stdout, `told` or as a table; everything else on stderr. Nothing is told in a dry run."""
    from gwctl.cli import tables
    from gwctl.cli.environments.deployment import said

    for words in written.difference:
        said(words)
    if written.extra.get("dry_run"):
        said("Nothing was changed: --dry-run.")
    elif output == "table":
        click.echo(table)
        said(f"{what} is not shown again.")
    else:
        click.echo(tables.as_json(told) if output == "json" else tables.as_yaml(told))
