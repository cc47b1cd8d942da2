"""What the admin tests share: one emulated AWS for the session, fresh tables and a bucket for each test.

The emulated AWS is the one of a local gateway (`gwctl.emulated_aws`), a process of its own. Tests that take
`engine` run against it and against DynamoDB Local.
"""

import sys
import uuid
from collections.abc import Iterator

import pytest

from admin.place import Admin, Place
from support.dynamodb_local import running_dynamodb_local
from support.ports import free_port
from support.processes import answers, start


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


@pytest.fixture(params=["moto", "dynamodb-local"])
def engine(request: pytest.FixtureRequest, aws_url: str) -> str:
    """The URL of a DynamoDB: moto's, and then the real engine's local build."""
    return aws_url if request.param == "moto" else request.getfixturevalue("dynamodb_local_url")


@pytest.fixture
def place(aws_url: str) -> Place:
    """Empty tables and an empty bucket in moto."""
    return Place.create(aws_url, aws_url, uuid.uuid4().hex[:12])


@pytest.fixture
def engine_place(engine: str, aws_url: str) -> Place:
    """Empty tables in each engine in turn, and an empty bucket in moto."""
    return Place.create(engine, aws_url, uuid.uuid4().hex[:12])


@pytest.fixture
def admin(place: Place) -> Iterator[Admin]:
    """The functions over empty stores, called with events as API Gateway makes them."""
    with place.admin() as running:
        yield running
