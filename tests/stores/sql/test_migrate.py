"""Tables are made and brought up to date, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from gwctl.core.errors import UserError
from gwctl.stores.interfaces import UnavailableError
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.schema import REVISION, metadata
from gwctl.stores.sql.upkeep.migrate import MIGRATIONS, Migrated, check, migrate, revision


def test_the_migrations_make_the_tables_that_the_stores_use(database: Database):
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_that_the_stores_need():
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == REVISION


def test_a_second_time_nothing_is_done(empty: Database):
    assert migrate(empty) == Migrated(None, REVISION)
    assert migrate(empty) == Migrated(REVISION, REVISION)


def test_of_many_that_migrate_at_once_each_finds_the_tables(url: str):
    databases = [Database.at(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(migrate, databases))
    assert {outcome.after for outcome in outcomes} == {REVISION}
    for database in databases:
        database.close()


def test_without_tables_it_is_said_what_to_run(empty: Database):
    with pytest.raises(UnavailableError, match="run `gwctl database migrate`"):
        check(empty)


def test_one_that_fails_halfway_leaves_nothing_behind(empty: Database):
    with empty.writing() as connection:
        connection.execute(text("CREATE TABLE usage_sums (x INTEGER)"))  # so that one of the later steps fails
    with pytest.raises(UnavailableError, match="usage_sums"):
        migrate(empty)
    assert revision(empty) is None
    with empty.writing() as connection:
        connection.execute(text("DROP TABLE usage_sums"))
    assert migrate(empty).changed


def test_tables_of_a_newer_version_are_left_alone(database: Database):
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError, match="upgrade gwctl"):
        migrate(database)
    check(database)  # what is newer has all that this version needs
