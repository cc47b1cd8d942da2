"""Small things that are stored and replaced as a whole, each under a name. In: a connection. Out: texts."""

from sqlalchemy import BigInteger, Connection, cast, select

from gwctl.stores.sql.database import Database
from gwctl.stores.sql.schema import notes


def read_note(connection: Connection, name: str) -> str | None:
    """What stands under a name, None: nothing."""
    return connection.execute(select(notes.c.value).where(notes.c.name == name)).scalar_one_or_none()


def write_note(
    database: Database, connection: Connection, name: str, value: str, *, only_upwards: bool = False
) -> None:
    """Replaces it; `only_upwards`: if that makes a number larger."""
    new = database.insert(notes).values(name=name, value=value)
    larger = cast(notes.c.value, BigInteger) < cast(new.excluded.value, BigInteger) if only_upwards else None
    changed = {"value": new.excluded.value}
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=changed, where=larger))
