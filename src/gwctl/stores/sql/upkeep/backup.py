"""A whole database as one file, and back: lines of JSON, gzipped, the same for SQLite and PostgreSQL.

In: a database. Out: a header with the revision of its tables, a line for each row of one moment, and a last line with
how many there were, so that half a file is noticed. It goes back into a database that has no rows yet, of either kind:
so this is also the way from the one to the other.
"""

import base64
import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, func, insert, select, text

from gwctl.core.errors import UserError
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.records import RequestRecords
from gwctl.stores.sql.schema import REVISION, metadata, requests
from gwctl.stores.sql.upkeep.migrate import migrate, revision

KIND: Final = "gwctl database"
BATCH: Final = 500


def backup(database: Database, path: Path) -> int:
    """Writes everything to a file of the owner's alone; how many rows. Raises UserError and UnavailableError."""
    found = revision(database)
    if found is None:
        raise UserError(f"{database.name} has no tables; there is nothing to back up")
    rows, unfinished = 0, path.with_name(f".{path.name}.unfinished")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw, gzip.open(raw, "wt", compresslevel=5) as file:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            file.write(json.dumps({"kind": KIND, "revision": found, "at": at}) + "\n")
            for table, row in _rows(database):
                rows += 1
                file.write(json.dumps([table, row], default=_encoded) + "\n")
            file.write(json.dumps({"rows": rows}) + "\n")
        unfinished.rename(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror})") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return rows


def restore(database: Database, path: Path) -> int:
    """Fills an empty database; how many rows. All of them or none. Raises UserError and UnavailableError."""
    try:
        with gzip.open(path, "rt") as file:
            _check_header(json.loads(file.readline()), path)
            migrate(database)
            with database.writing() as connection:
                _patient(database, connection)
                filled = [table.name for table in metadata.sorted_tables if _count(connection, table)]
                if filled:
                    raise UserError(f"{database.name} is not empty ({', '.join(filled)}); restore into a new database")
                return _fill(database, connection, file, path)
    except (OSError, EOFError, ValueError) as error:
        raise UserError(f"{path} is no backup of a gateway's database, or half of one ({error})") from error


def _fill(database: Database, connection: Connection, file: Any, path: Path) -> int:
    records, waiting = RequestRecords(database), dict[str, list[dict[str, Any]]]()
    for rows, line in enumerate(file):
        content = json.loads(line)
        if isinstance(content, dict):
            for name, batch in waiting.items():
                connection.execute(insert(metadata.tables[name]), batch)
            if content["rows"] == rows:
                return rows
            break
        name, row = content
        table = metadata.tables[name]
        if table is requests:
            records.make_partitions(connection, [row["day"]])
        waiting.setdefault(name, []).append({key: _decoded(value) for key, value in row.items()})
        if len(waiting[name]) >= BATCH:
            connection.execute(insert(table), waiting.pop(name))
    raise UserError(f"{path} ends too early; nothing was restored")


def _rows(database: Database) -> Iterator[tuple[str, dict[str, Any]]]:
    with database.reading() as connection:
        _patient(database, connection)
        for table in metadata.sorted_tables:
            for row in connection.execution_options(yield_per=BATCH).execute(select(table)):
                yield table.name, {key: value for key, value in row._mapping.items() if value is not None}


def _check_header(header: Any, path: Path) -> None:
    if not isinstance(header, dict) or header.get("kind") != KIND:
        raise ValueError("its first line is another")
    if header["revision"] > REVISION:
        raise UserError(f"{path} has tables of revision {header['revision']}, newer than this gwctl; upgrade gwctl")


def _patient(database: Database, connection: Connection) -> None:
    if not database.sqlite:
        connection.execute(text("SET LOCAL statement_timeout = 0"))


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is in no table")


def _decoded(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) and value.keys() == {"base64"} else value
