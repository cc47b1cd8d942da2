"""The database of a local gateway. In: its data directory. Out: the database, whether the gateway runs or not.

Without `gwctl up --database` it is the file `state/gateway.sqlite3`. Which one was used last is noted beside it.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically
from gwctl.local.data_dir import DataDir

if TYPE_CHECKING:
    from gwctl.stores.sql.database import Database

DYNAMODB: Final = "dynamodb:"


def own_url(data: DataDir) -> str:
    """The URL of the file in the data directory."""
    return f"sqlite:///{data.database}"


def checked_url(text: str) -> str:
    """The URL as an option has it, with an absolute path. Raises UserError."""
    from gwctl.stores.sql.address import FILE, SQLITE, parse

    if text.startswith(DYNAMODB):
        raise UserError("`gwctl up` has no DynamoDB; `gwctl deploy NAME` makes a gateway on AWS")
    if text.startswith(FILE):
        text = f"{FILE}{Path(text.removeprefix(FILE)).absolute()}"
    url = parse(text)
    if url.drivername == SQLITE and not text.startswith(FILE):
        return url.set(database=os.fspath(Path(url.database or "").absolute())).render_as_string()
    return text


def noted_url(data: DataDir) -> str:
    """The URL of the database that was used last."""
    with suppress(OSError, ValueError, LookupError):
        return str(json.loads(data.database_note.read_bytes())["url"])
    return own_url(data)


def note_url(data: DataDir, url: str) -> None:
    """Writes down which one is used."""
    write_atomically(data.database_note, json.dumps({"url": url}).encode())


def database_of(data: DataDir) -> "Database":
    """The database that was used last. Raises UserError: there is none."""
    from gwctl.stores.sql.database import Database

    url = noted_url(data)
    if url == own_url(data) and not data.database.exists():
        raise UserError(f"there is no database in {data.root}; start a gateway with `gwctl up`")
    return Database.at(url)
