"""The token service and the user pool of the local AWS: who gets a token is what the pool says at that moment."""

import json
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from admin.place import aws_client
from admin.servers import start_aws
from gwctl.core import scopes
from gwctl.local.issuer.client_directory import LocalClientDirectory
from gwctl.local.issuer.store import ClientFile, add_client
from support.ports import free_port
from support.processes import answers, start

OWN = ("local", "own-secret")


@dataclass(frozen=True)
class Service:
    """A token service beside an AWS."""

    url: str
    config: Path
    aws_url: str
    pool: str

    @property
    def directory(self) -> LocalClientDirectory:
        return LocalClientDirectory(lambda: aws_client("cognito-idp", self.aws_url), self.pool)

    def ask(self, client_id: str, secret: str) -> httpx.Response:
        form = {"grant_type": "client_credentials"}
        return httpx.post(f"{self.url}/oauth2/token", data=form, auth=(client_id, secret), timeout=30, trust_env=False)

    def status(self, client_id: str, secret: str) -> int:
        return self.ask(client_id, secret).status_code


@pytest.fixture
def service(aws_url: str, tmp_path: Path) -> Iterator[Service]:
    pool = aws_client("cognito-idp", aws_url).create_user_pool(PoolName=uuid.uuid4().hex)["UserPool"]["Id"]
    config = tmp_path / "admin.json"
    use(config, aws_url, pool)
    ClientFile(tmp_path).change(lambda clients: add_client(clients, *OWN, [scopes.INVOKE]))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gwctl.local.issuer.server", "--port", str(port), "--issuer", url]
    command += ["--state-dir", str(tmp_path), "--admin-config", str(config)]
    with start(command, ready=lambda: answers(f"{url}/healthz"), seconds=60):
        yield Service(url, config, aws_url, pool)


def use(config: Path, aws_url: str, pool: str) -> None:
    """Write what the token service reads of the admin API's configuration."""
    config.write_text(json.dumps({"aws_url": aws_url, "aws_access_key": "local", "settings": {"user_pool_id": pool}}))


def test_a_client_gets_tokens_from_its_making_to_its_end(service: Service):
    directory = service.directory
    made = directory.create("c")
    assert service.ask(made.client_id, made.client_secret).json()["token_type"] == "Bearer"
    assert service.status(made.client_id, "wrong") == 401
    directory.delete(made.client_id)
    assert service.status(made.client_id, made.client_secret) == 401


def test_while_a_secret_is_rotated_both_work_and_then_the_new_one_alone(service: Service):
    directory = service.directory
    made = directory.create("c")
    rotation = directory.begin_rotation(made.client_id)
    new = rotation.credentials.client_secret
    assert [service.status(made.client_id, each) for each in (made.client_secret, new)] == [200, 200]
    directory.finish_rotation(rotation)
    assert [service.status(made.client_id, each) for each in (made.client_secret, new)] == [401, 200]


def test_an_abandoned_rotation_leaves_the_old_secret_alone(service: Service):
    directory = service.directory
    made = directory.create("c")
    rotation = directory.begin_rotation(made.client_id)
    directory.abandon_rotation(rotation)
    new = rotation.credentials.client_secret
    assert [service.status(made.client_id, each) for each in (made.client_secret, new)] == [200, 401]


def test_a_client_that_is_no_machine_gets_no_token(service: Service):
    cognito = aws_client("cognito-idp", service.aws_url)
    made: Any = cognito.create_user_pool_client(UserPoolId=service.pool, ClientName="c", GenerateSecret=True)
    client = made["UserPoolClient"]
    assert service.status(client["ClientId"], client["ClientSecret"]) == 401


@pytest.mark.parametrize("client_id", ["", "a b", "x" * 129, "é", "a-b", "nobody"])
def test_an_id_that_no_client_has_is_refused_like_a_wrong_secret(service: Service, client_id: str):
    answer = service.ask(client_id, "secret")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_while_the_aws_is_away_the_gateways_own_clients_alone_get_tokens(service: Service, tmp_path: Path):
    port = free_port()
    with start_aws(tmp_path / "aws", port):
        url = f"http://127.0.0.1:{port}"
        pool = aws_client("cognito-idp", url).create_user_pool(PoolName="p")["UserPool"]["Id"]
        made = LocalClientDirectory(lambda: aws_client("cognito-idp", url), pool).create("c")
        use(service.config, url, pool)
        assert service.status(made.client_id, made.client_secret) == 200
    answer = service.ask(made.client_id, made.client_secret)
    assert (answer.status_code, answer.json()) == (500, {"error": "server_error"})
    assert service.status(*OWN) == 200


def test_before_the_first_start_of_the_admin_api_there_are_no_other_clients(service: Service):
    service.config.unlink()
    assert (service.status("abc", "secret"), service.status(*OWN)) == (401, 200)
