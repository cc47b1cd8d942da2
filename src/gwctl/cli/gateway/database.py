"""`gwctl database`: a database in; its tables up to date, what is in it, a copy of it, or a copy put back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gwctl.cli.options import data_dir_option, json_option
from gwctl.core.errors import EXIT_USER, UserError

if TYPE_CHECKING:
    from gwctl.local.data_dir import DataDir
    from gwctl.stores.sql.database import Database


def _database_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--database URL` and `--data-dir DIR`."""
    where = click.option(
        "--database",
        "url",
        metavar="URL",
        envvar="GWCTL_DATABASE_URL",
        show_envvar=True,
        help="sqlite:///FILE, postgresql+psycopg://USER@HOST/DATABASE, or file:PATH with one of these and the password "
        "in it. Default: that of the gateway on this machine.",
    )
    return where(data_dir_option(function))


@click.group()
def command() -> None:
    """Look after the database of a gateway: SQLite on one machine, PostgreSQL for a fleet outside AWS."""


@command.command()
@_database_option
def migrate(url: str | None, data: "DataDir") -> None:
    """Make the tables, or bring them up to date.

    Agents of the version before go on meanwhile: migrations only add. May be repeated.
    """
    from gwctl.stores.sql.upkeep.migrate import migrate as bring_up_to_date

    with _opened(url, data) as database:
        done = bring_up_to_date(database)
    before = f"from revision {done.before}" if done.before else "from nothing"
    click.echo(f"{database.name}: {f'{before} to {done.after}' if done.changed else f'revision {done.after} already'}.")


@command.command()
@json_option
@_database_option
def status(url: str | None, data: "DataDir", as_json: bool) -> int:
    """Say which revision the tables are of, and how many rows they have. Exit code 1: they have to be migrated."""
    import json

    from gwctl.stores.sql.upkeep.contents import contents

    with _opened(url, data) as database:
        found = contents(database)
    if as_json:
        click.echo(json.dumps(found))
    else:
        click.echo(f"{database.name}: revision {found['revision'] or 'none'}, newest {found['newest']}")
        for name, rows in found["rows"].items():
            click.echo(f"  {name:20} {rows:>12,}")
    return 0 if found["up_to_date"] else EXIT_USER


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@_database_option
def backup(file: Path, url: str | None, data: "DataDir") -> None:
    """Write everything to FILE, as it is at one moment. The gateway may run."""
    from gwctl.stores.sql.upkeep.backup import backup as write

    with _opened(url, data) as database:
        rows = write(database, file)
    click.echo(f"{file}: {rows:,} rows of {database.name}.")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@_database_option
def restore(file: Path, url: str | None, data: "DataDir") -> None:
    """Fill an empty database from FILE, of either kind. Stop the gateway before.

    \b
    Example: gwctl database restore gateway.backup --database file:/run/secrets/database-url
    """
    from gwctl.stores.sql.upkeep.backup import restore as read

    with _opened(url, data, new=True) as database:
        rows = read(database, file)
    click.echo(f"{database.name}: {rows:,} rows of {file}.")


@contextmanager
def _opened(url: str | None, data: "DataDir", *, new: bool = False) -> "Iterator[Database]":
    from gwctl.local.database import checked_url, database_of, noted_url
    from gwctl.stores.interfaces import UnavailableError
    from gwctl.stores.sql.database import Database

    database = Database.at(checked_url(url) if url else noted_url(data)) if url or new else database_of(data)
    try:
        yield database
    except UnavailableError as error:
        raise UserError(f"{error}; is it running, and may you read it?") from error
    finally:
        database.close()
