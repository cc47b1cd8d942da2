"""Databases for tests. In: the URL of an empty one. Out: the same, with all tables."""

from gwctl.stores.sql.database import Database
from gwctl.stores.sql.upkeep.migrate import migrate


def migrated(url: str) -> str:
    """Makes the tables."""
    database = Database.at(url)
    migrate(database)
    database.close()
    return url
