"""The ledger's stores: the reference model, DynamoDB Local and moto, each started once a session."""

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.store import QuotaStore
from gwctl.stores.aws.quotas import DynamoQuotaStore
from support.dynamodb_local import create_ledger_table, dynamodb_client, running_dynamodb_local

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


@pytest.fixture(params=["model", "dynamodb-local", "moto"])
def store(request: pytest.FixtureRequest) -> QuotaStore:
    """Each of the stores. Tables are shared by all tests: name quotas so that they do not meet."""
    if request.param == "model":
        return ModelStore()
    url = request.getfixturevalue("dynamodb_local_url" if request.param == "dynamodb-local" else "moto_url")
    return DynamoQuotaStore(dynamodb_client(url), TABLE)
