"""The ledger's stores: reference model, SQLite, PostgreSQL, DynamoDB Local and moto, each started once a session."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.server import ThreadedMotoServer

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.store import QuotaStore
from gwctl.stores.aws.quotas import DynamoQuotaStore
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.quotas import SqlQuotaStore
from support.stores.databases import migrated
from support.stores.dynamodb_local import create_ledger_table, dynamodb_client, running_dynamodb_local
from support.stores.postgresql import Server
from support.stores.postgresql import postgresql as postgresql

TABLE = "test-ledger"


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    """A DynamoDB Local with the ledger's table `TABLE`."""
    with running_dynamodb_local() as url:
        create_ledger_table(dynamodb_client(url), TABLE)
        yield url


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """A moto server with the ledger's table `TABLE`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    create_ledger_table(dynamodb_client(f"http://{host}:{port}"), TABLE)
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of SQLite's with all tables."""
    return migrated(f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/ledger.sqlite3")


@pytest.fixture(scope="session")
def postgresql_url(postgresql: Server) -> str:
    """A database of PostgreSQL's with all tables."""
    return migrated(postgresql.new_database())


@pytest.fixture(params=["model", "sqlite", "postgresql", "dynamodb-local", "moto"])
def store(request: pytest.FixtureRequest) -> Iterator[QuotaStore]:
    """Each of the stores. Tables are shared by all tests: name quotas so that they do not meet."""
    with store_of(request.param, request) as found:
        yield found


@contextmanager
def store_of(kind: str, request: pytest.FixtureRequest) -> Iterator[QuotaStore]:
    """A store of a kind, as a process of its own would have it."""
    if kind == "model":
        yield ModelStore()
        return
    if kind in {"sqlite", "postgresql"}:
        database = Database.at(request.getfixturevalue(f"{kind}_url"))
        yield SqlQuotaStore(database)
        database.close()
        return
    url = request.getfixturevalue("dynamodb_local_url" if kind == "dynamodb-local" else "moto_url")
    yield DynamoQuotaStore(dynamodb_client(url), TABLE)
