"""The two clients of a local gateway keep their credentials."""

import stat
from pathlib import Path

import pytest

from gwctl.core import scopes
from gwctl.local.connection import Connection
from gwctl.local.data_dir import DataDir
from gwctl.local.issuer.clients import ensure_connection
from gwctl.local.issuer.store import ClientFile, add_client

URLS = ("http://127.0.0.1:8080", "http://127.0.0.1:8081", "http://127.0.0.1:4000")


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path)
    data.create()
    return data


def test_the_issuer_knows_both_clients_with_what_each_may_do(data: DataDir):
    connection = ensure_connection(data, *URLS)
    clients = ClientFile(data.issuer).read()
    assert clients[connection.client_id].has_secret(connection.client_secret)
    assert clients[connection.client_id].scopes == (scopes.INVOKE,)
    assert clients[connection.admin_client_id].has_secret(connection.admin_client_secret)
    assert clients[connection.admin_client_id].scopes == (scopes.ADMIN, scopes.READ)


def test_the_connection_says_where_everything_is(data: DataDir):
    ensure_connection(data, *URLS)
    connection = Connection.read(data.connection)
    assert (connection.gateway_url, connection.admin_url) == URLS[:2]
    assert connection.token_url == "http://127.0.0.1:4000/oauth2/token"
    assert connection.jwks_url == "http://127.0.0.1:4000/.well-known/jwks.json"


def test_the_credentials_are_the_same_at_the_next_start(data: DataDir):
    assert ensure_connection(data, *URLS) == ensure_connection(data, *URLS)


def test_an_issuer_that_was_reset_learns_the_old_credentials_again(data: DataDir):
    first = ensure_connection(data, *URLS)
    ClientFile(data.issuer).path.unlink()
    second = ensure_connection(data, *URLS)
    assert second == first
    assert ClientFile(data.issuer).read()[second.client_id].has_secret(first.client_secret)


def test_a_lost_connection_file_gets_credentials_that_work(data: DataDir):
    ensure_connection(data, *URLS)
    data.connection.unlink()
    connection = ensure_connection(data, *URLS)
    assert ClientFile(data.issuer).read()[connection.client_id].has_secret(connection.client_secret)


def test_other_clients_of_the_issuer_stay(data: DataDir):
    ensure_connection(data, *URLS)
    ClientFile(data.issuer).change(lambda clients: add_client(clients, "ci", "secret", [scopes.INVOKE]))
    ensure_connection(data, *URLS)
    assert "ci" in ClientFile(data.issuer).read()


def test_the_file_with_the_secrets_is_the_owners_alone(data: DataDir):
    ensure_connection(data, *URLS)
    assert stat.S_IMODE(data.connection.stat().st_mode) == 0o600


def test_secrets_are_in_no_representation(data: DataDir):
    connection = ensure_connection(data, *URLS)
    assert connection.client_secret not in repr(connection)
    assert connection.admin_client_secret not in repr(connection)
