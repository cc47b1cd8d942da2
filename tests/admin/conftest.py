"""What the admin tests share: one emulated AWS for the session, fresh tables and a bucket for each test.

The emulated AWS is the one of a local gateway (`gwctl.emulated_aws`), a process of its own. Tests that take
`engine_place` run against it, DynamoDB Local, SQLite and PostgreSQL.
"""

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.place import Admin, Place, SqlPlace
from gwctl.stores.sql.database import Database
from support.ports import free_port
from support.processes import answers, start
from support.stores.databases import migrated
from support.stores.dynamodb_local import running_dynamodb_local
from support.stores.postgresql import postgresql as postgresql


@pytest.fixture(scope="session")
def aws_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an emulated AWS."""
    port = free_port()
    command = [sys.executable, "-m", "gwctl.emulated_aws", "--port", str(port)]
    command += ["--data-dir", str(tmp_path_factory.mktemp("aws"))]
    url = f"http://127.0.0.1:{port}"
    with start(command, ready=lambda: answers(f"{url}/healthz"), seconds=60):
        yield url


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    with running_dynamodb_local() as url:
        yield url


@pytest.fixture
def place(aws_url: str) -> Place:
    """Empty tables and an empty bucket in moto."""
    return Place.create(aws_url, aws_url, uuid.uuid4().hex[:12])


@pytest.fixture(params=["moto", "dynamodb-local", "sqlite", "postgresql"])
def engine_place(request: pytest.FixtureRequest, aws_url: str, tmp_path: Path) -> Iterator[Place]:
    """Empty tables in each engine in turn: moto, DynamoDB's own local build, SQLite, PostgreSQL."""
    if request.param in {"moto", "dynamodb-local"}:
        url = aws_url if request.param == "moto" else request.getfixturevalue("dynamodb_local_url")
        yield Place.create(url, aws_url, uuid.uuid4().hex[:12])
        return
    new = f"sqlite:///{tmp_path}/gateway.sqlite3"
    url = new if request.param == "sqlite" else request.getfixturevalue("postgresql").new_database()
    place = SqlPlace.at(Database.at(migrated(url), pool=60))
    yield place
    place.database.close()


@pytest.fixture
def admin(place: Place) -> Iterator[Admin]:
    """The functions over empty stores, called with events as API Gateway makes them."""
    with place.admin() as running:
        yield running
