"""A database as the stores use it: connections, transactions, and errors in the words of `stores`.

In: a URL that `address` has checked. Out: `reading` and `writing`, each a transaction. Of SQLite there is one writer at
a time, so a write begins by becoming it; what was committed is on the disk. A PostgreSQL that does not answer is given
up on after seconds: whoever asks knows by what is stored what came through, and asks again.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, ResourceClosedError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from gwctl.core.errors import UserError
from gwctl.stores.interfaces import UnavailableError
from gwctl.stores.sql.address import SQLITE, parse

BUSY_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 3
STATEMENT_MILLISECONDS: Final = 8_000
POOL: Final = 8
_WRITES: Final = "gwctl_writes"


class Database:
    """One database. Nothing is opened before it is used. Safe to share between threads."""

    def __init__(self, url: URL, *, pool: int = POOL) -> None:
        self.url = url
        self.sqlite = url.drivername == SQLITE
        self.name = url.database or "" if self.sqlite else f"the database {url.database} at {url.host or 'a socket'}"
        self.insert: Any = (sqlite if self.sqlite else postgresql).insert
        """INSERT with `on_conflict_do_update`, as this database has it."""
        self._writer = Lock() if self.sqlite else nullcontext()
        self.engine: Any = _sqlite_engine(url, pool) if self.sqlite else _postgresql_engine(url, pool)
        self._writing = self.engine.execution_options(**{_WRITES: True})

    @classmethod
    def at(cls, address: str, *, pool: int = POOL) -> "Database":
        """The database at an address of `address`. Raises UserError."""
        return cls(parse(address), pool=pool)

    @contextmanager
    def reading(self, wrong: Callable[[str], Exception] = UnavailableError) -> Iterator[Connection]:
        """A transaction that sees one moment of the database. Raises `wrong` when it cannot be had."""
        with self.translated(wrong), self.engine.connect() as connection:
            if not self.sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def writing(self, wrong: Callable[[str], Exception] = UnavailableError) -> Iterator[Connection]:
        """A transaction that is committed in the end, all of it or nothing. Raises `wrong`."""
        with self._writer, self.translated(wrong), self._writing.begin() as connection:
            yield connection

    @contextmanager
    def translated(self, wrong: Callable[[str], Exception] = UnavailableError) -> Iterator[None]:
        """Errors of the database → `wrong`, without the statement and without what is stored."""
        try:
            yield
        except (DBAPIError, PoolTimeoutError, ResourceClosedError) as error:
            raise wrong(f"{self.name}: {reason(error)}") from error

    def close(self) -> None:
        """Lets go of all connections."""
        self.engine.dispose()


def reason(error: Exception) -> str:
    """What a driver says, in one line."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return said[0] if said else type(error).__name__


def _sqlite_engine(url: URL, pool: int) -> Any:
    path = Path(url.database or "").absolute()
    if not path.parent.is_dir():
        raise UserError(f"{path.parent}, where the database is to be, is not there; make it")
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(url.set(database=str(path)), connect_args=arguments, pool_size=pool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def opened(connection: Any, _: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None  # transactions begin below, not when the driver thinks so
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switches a new file to WAL. Whoever does so at the same time is not waited for by SQLite itself."""
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _postgresql_engine(url: URL, pool: int) -> Any:
    options = f"-c statement_timeout={STATEMENT_MILLISECONDS} -c idle_in_transaction_session_timeout=30000"
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "gwctl"}
    if "options" not in url.query:
        arguments["options"] = options
    return create_engine(
        url, connect_args=arguments, pool_size=pool, pool_timeout=CONNECT_SECONDS, hide_parameters=True
    )
