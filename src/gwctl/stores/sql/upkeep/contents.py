"""What is in a database: the revision of its tables, and how many rows each has. In: a database. Out: JSON."""

from typing import Any

from sqlalchemy import func, inspect, select

from gwctl.stores.sql.database import Database
from gwctl.stores.sql.schema import REVISION, metadata
from gwctl.stores.sql.upkeep.migrate import revision


def contents(database: Database) -> dict[str, Any]:
    """`revision` (None: there are no tables), `newest`, `up_to_date`, and `rows` by table. Raises UnavailableError."""
    found = revision(database)
    with database.reading() as connection:
        there = set(inspect(connection).get_table_names())
        rows = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name in there
        }
    return {
        "revision": found,
        "newest": REVISION,
        "up_to_date": found is not None and found >= REVISION,
        "rows": dict(sorted(rows.items())),
    }
