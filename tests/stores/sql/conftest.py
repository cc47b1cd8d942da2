"""Databases of one test: an empty file of SQLite's and an empty database of PostgreSQL's, each in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwctl.stores.sql.database import Database
from gwctl.stores.sql.upkeep.migrate import migrate
from support.stores.postgresql import postgresql as postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/gateway.sqlite3"
    return request.getfixturevalue("postgresql").new_database()


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    """One without tables."""
    database = Database.at(url)
    yield database
    database.close()


@pytest.fixture
def database(empty: Database) -> Database:
    """One with all tables."""
    migrate(empty)
    return empty
