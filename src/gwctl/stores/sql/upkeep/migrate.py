"""Brings a database's tables up to date. In: a database, empty or of any released version. Out: the newest tables.

Migrations only go forward, and only add: a version of the agent that is a little older goes on beside a newer one. All
that are due are one transaction, and one process at a time makes them: one that is cut off leaves everything as it was.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from gwctl.core.errors import UserError
from gwctl.stores.interfaces import UnavailableError
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.schema import REVISION

MIGRATIONS: Final = Path(__file__).parent / "migrations"
LOCK: Final = 74_201_510
"""An advisory lock of PostgreSQL's; SQLite has one writer anyway."""


@dataclass(frozen=True)
class Migrated:
    """From which revision to which; None: there was no table."""

    before: str | None
    after: str

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return self.before != self.after


def revision(database: Database) -> str | None:
    """The revision of the tables; None: there are none. Raises UnavailableError."""
    with database.reading() as connection:
        return _revision(connection)


def migrate(database: Database) -> Migrated:
    """Raises UserError: the tables are of a version that this one does not know; and UnavailableError."""
    if revision(database) == REVISION:  # the usual case, which need not wait for Alembic to be imported
        return Migrated(REVISION, REVISION)
    with database.writing() as connection:
        if not database.sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        before = _revision(connection)  # somebody else may have been at it
        _upgrade(connection, before, database.name)
    return Migrated(before, REVISION)


def check(database: Database) -> None:
    """Raises UnavailableError unless the tables can be worked with: they are there, and as new as this version's."""
    found = revision(database)
    if found is None or found < REVISION:
        state = "has no tables" if found is None else f"has the tables of revision {found}, and {REVISION} is needed"
        raise UnavailableError(f"{database.name} {state}; run `gwctl database migrate`")


def _upgrade(connection: Connection, before: str | None, name: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        raise UserError(f"{name} has tables of revision {before}, which is newer than this gwctl; upgrade gwctl")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
