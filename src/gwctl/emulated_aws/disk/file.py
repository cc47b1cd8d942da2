"""The SQLite file in which the emulated AWS keeps what it holds. In: a directory. Out: its tables, in transactions.

Who reads the file while no emulated AWS runs: `gwctl.local.audit_log`.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from gwctl.core.errors import UserError

FILE: Final = "aws.sqlite3"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tables (region TEXT, name TEXT, definition TEXT, PRIMARY KEY (region, name));
CREATE TABLE IF NOT EXISTS items (region TEXT, name TEXT, key TEXT, item TEXT, PRIMARY KEY (region, name, key))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, region TEXT);
CREATE TABLE IF NOT EXISTS objects (bucket TEXT, key TEXT, body BLOB, about TEXT, PRIMARY KEY (bucket, key));
CREATE TABLE IF NOT EXISTS streams (region TEXT, name TEXT, request TEXT, PRIMARY KEY (region, name));
CREATE TABLE IF NOT EXISTS things (service TEXT, region TEXT, name TEXT, content TEXT,
    PRIMARY KEY (service, region, name)) WITHOUT ROWID;
"""


class AwsFile:
    """The file in a directory. One process, one thread at a time."""

    def __init__(self, directory: Path) -> None:
        path = directory / FILE
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self.run("PRAGMA journal_mode = WAL")
            self.run("PRAGMA synchronous = NORMAL")
            self._file.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"{path} cannot be used ({error}); remove it to start with an empty AWS") from error

    def run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Execute one statement."""
        return self._file.execute(statement, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside, or none."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def things(self, service: str) -> list[tuple[str, str, Any]]:
        """Region, name and content of everything that a service keeps, by name."""
        rows = self.run("SELECT region, name, content FROM things WHERE service = ? ORDER BY name", service)
        return [(region, name, json.loads(content)) for region, name, content in rows]

    def keep_things(self, service: str, region: str, contents: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Write a service's things by name; None forgets one."""
        with self.transaction():
            for name, content in contents.items():
                place = (service, region, name)
                if content is None:
                    self.run("DELETE FROM things WHERE service = ? AND region = ? AND name = ?", *place)
                else:
                    self.run("INSERT OR REPLACE INTO things VALUES (?, ?, ?, ?)", *place, json.dumps(content))
