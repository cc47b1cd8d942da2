"""The local token service, asked as a client asks it."""

import base64
import logging
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.testclient import TestClient

from gwctl.core import scopes
from gwctl.local.issuer.server import create_app
from gwctl.local.issuer.store import ClientFile, add_client, load_or_create_key, new_secret, revoke_client
from support.ports import free_port
from support.processes import Process, answers, start

ISSUER = "http://127.0.0.1:8082"
SECRET = new_secret()


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with a key and the client `ci`, which may invoke and read."""
    path = tmp_path_factory.mktemp("issuer")
    allowed = [scopes.INVOKE, scopes.READ]
    ClientFile(path).change(lambda clients: add_client(clients, "ci", SECRET, allowed))
    load_or_create_key(path)
    return path


@pytest.fixture
def client(state_dir: Path) -> TestClient:
    return issuer_on(state_dir)


def issuer_on(state_dir: Path) -> TestClient:
    file = ClientFile(state_dir)
    find = lambda client_id: file.read().get(client_id)  # noqa: E731
    return TestClient(create_app(ISSUER, load_or_create_key(state_dir), find), base_url=ISSUER)


def ask(client: TestClient, client_id: str = "ci", secret: str = SECRET, **form: str) -> Any:
    """Ask for a token with body credentials."""
    body = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, **form}
    return client.post("/oauth2/token", data=body)


def ask_basic(client: TestClient, credentials: bytes, **form: str) -> Any:
    """Ask for a token with `Authorization: Basic`."""
    header = {"Authorization": "Basic " + base64.b64encode(credentials).decode()}
    return client.post("/oauth2/token", data={"grant_type": "client_credentials", **form}, headers=header)


def decoded(client: TestClient, answer: Any) -> jwt.Token:
    """The token in the answer, verified with the published key."""
    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").json())
    return jwt.decode(answer.json()["access_token"], keys, algorithms=["RS256"])


def test_a_token_has_exactly_the_claims_of_a_cognito_m2m_token(client: TestClient):
    before = int(time.time())
    claims = decoded(client, ask(client)).claims
    issued = claims["iat"]
    assert before <= issued <= time.time()
    assert uuid.UUID(claims.pop("jti"))
    assert claims == {
        "sub": "ci",
        "token_use": "access",
        "scope": "gateway/invoke gateway/read",
        "auth_time": issued,
        "iss": ISSUER,
        "exp": issued + 3600,
        "iat": issued,
        "version": 2,
        "client_id": "ci",
    }


def test_a_token_header_names_key_and_algorithm_only(client: TestClient, state_dir: Path):
    header = decoded(client, ask(client)).header
    assert header == {"alg": "RS256", "kid": load_or_create_key(state_dir).kid}


def test_no_two_tokens_have_the_same_id(client: TestClient):
    assert len({decoded(client, ask(client)).claims["jti"] for _ in range(5)}) == 5


def test_the_answer_is_a_bearer_token_for_an_hour_that_nobody_may_store(client: TestClient):
    answer = ask(client)
    body = answer.json()
    assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 3600)
    assert answer.headers["Cache-Control"] == "no-store"


def test_basic_credentials_are_as_good_as_body_credentials(client: TestClient):
    answer = ask_basic(client, f"ci:{SECRET}".encode())
    assert decoded(client, answer).claims["client_id"] == "ci"


def test_a_client_gets_the_scope_it_asks_for(client: TestClient):
    answer = ask(client, scope=scopes.READ)
    assert decoded(client, answer).claims["scope"] == "gateway/read"


@pytest.mark.parametrize("scope", ["gateway/admin", "gateway/everything", "gateway/read gateway/admin", "é"])
def test_a_scope_that_is_unknown_or_not_allowed_is_refused(client: TestClient, scope: str):
    answer = ask(client, scope=scope)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_scope"})


def test_a_wrong_secret_in_the_body_is_refused(client: TestClient):
    answer = ask(client, secret="wrong")
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize("credentials", [b"ci:wrong", b"ci", b"ci:", b":", b"", b"\xff\xfe:\xff"])
def test_wrong_basic_credentials_are_refused_with_a_challenge(client: TestClient, credentials: bytes):
    answer = ask_basic(client, credentials)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="gateway"'


def test_an_unknown_client_is_refused_in_the_same_words_as_a_wrong_secret(client: TestClient):
    unknown, wrong = ask(client, client_id="nobody"), ask(client, secret="wrong")
    assert (unknown.status_code, unknown.content) == (wrong.status_code, wrong.content)


def test_no_credentials_at_all_are_refused(client: TestClient):
    answer = client.post("/oauth2/token", data={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize("grant", ["authorization_code", "password", "refresh_token", 'x"\\'])
def test_other_grants_are_not_supported(client: TestClient, grant: str):
    answer = ask(client, grant_type=grant)
    assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})


def test_an_error_may_not_be_stored_either(client: TestClient):
    assert ask(client, secret="wrong").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "request_arguments",
    [
        {"data": {"client_id": "ci", "client_secret": SECRET}},
        {"content": "grant_type=client_credentials&grant_type=client_credentials&client_id=ci"},
        {"json": {"grant_type": "client_credentials", "client_id": "ci", "client_secret": SECRET}},
        {"params": {"grant_type": "client_credentials", "client_id": "ci", "client_secret": SECRET}},
        {
            "data": {"grant_type": "client_credentials", "client_secret": SECRET},
            "headers": {"Authorization": "Basic " + base64.b64encode(f"ci:{SECRET}".encode()).decode()},
        },
    ],
    ids=["no grant type", "repeated parameter", "JSON body", "credentials in the URL", "credentials twice"],
)
def test_what_the_rfc_forbids_is_an_invalid_request(client: TestClient, request_arguments: dict):
    if "json" not in request_arguments:
        headers = {"content-type": "application/x-www-form-urlencoded", **request_arguments.get("headers", {})}
        request_arguments = {**request_arguments, "headers": headers}
    answer = client.post("/oauth2/token", **request_arguments)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


def test_plain_http_to_another_host_name_is_refused(client: TestClient):
    body = {"grant_type": "client_credentials", "client_id": "ci", "client_secret": SECRET}
    answer = client.post("http://issuer.example/oauth2/token", data=body)
    assert (answer.status_code, answer.json()) == (400, {"error": "insecure_transport"})


def test_a_get_of_the_token_endpoint_is_405_in_json(client: TestClient):
    answer = client.get("/oauth2/token")
    assert (answer.status_code, answer.json()) == (405, {"error": "method_not_allowed"})
    assert "POST" in answer.headers["Allow"]


def test_the_key_set_holds_one_public_signing_key(client: TestClient):
    (key,) = client.get("/.well-known/jwks.json").json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")


def test_the_configuration_points_at_the_endpoints(client: TestClient):
    document = client.get("/.well-known/openid-configuration").json()
    assert document["issuer"] == ISSUER
    assert document["token_endpoint"] == f"{ISSUER}/oauth2/token"
    assert document["jwks_uri"] == f"{ISSUER}/.well-known/jwks.json"


def test_clients_are_added_rotated_and_revoked_while_it_runs(client: TestClient, state_dir: Path):
    file = ClientFile(state_dir)
    outcomes = []
    for change, secret in [
        (lambda clients: add_client(clients, "new", "one", [scopes.INVOKE]), "one"),
        (lambda clients: add_client(revoke_client(clients, "new"), "new", "two", [scopes.INVOKE]), "two"),
        (lambda clients: clients, "one"),
        (lambda clients: revoke_client(clients, "new"), "two"),
    ]:
        file.change(change)
        outcomes.append(ask(client, client_id="new", secret=secret).status_code)
    assert outcomes == [200, 200, 400, 400]


def test_a_token_still_verifies_after_a_restart(client: TestClient, state_dir: Path):
    before = ask(client)
    assert decoded(issuer_on(state_dir), before).claims["client_id"] == "ci"


def test_a_damaged_client_file_stops_every_token_and_shows_no_trace(tmp_path: Path):
    client = issuer_on(tmp_path)
    (tmp_path / "clients.json").write_text("{")
    answer = ask(client)
    assert (answer.status_code, answer.json()) == (500, {"error": "server_error"})


def test_neither_secret_nor_token_is_logged(client: TestClient, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    token = ask(client).json()["access_token"]
    ask(client, client_id="nobody", secret="a-wrong-secret")
    assert "issued a token to ci" in caplog.text
    assert not [word for word in (SECRET, token, "a-wrong-secret") if word in caplog.text]


@pytest.fixture(scope="module")
def process(state_dir: Path):
    """The issuer as `gwctl up` starts it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gwctl.local.issuer.server", "--port", port, "--state-dir", state_dir]
    with start([*map(str, command), "--issuer", url], ready=lambda: answers(f"{url}/healthz")) as running:
        yield running, url


def test_the_process_serves_tokens_and_logs_no_secret(process: tuple[Process, str]):
    running, url = process
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(f"{url}/oauth2/token", data=form, auth=("ci", SECRET))
    keys = KeySet.import_key_set(httpx.get(f"{url}/.well-known/jwks.json").json())
    assert jwt.decode(answer.json()["access_token"], keys, algorithms=["RS256"]).claims["iss"] == url
    assert not [word for word in (SECRET, answer.json()["access_token"]) if word in running.output]


def test_the_process_refuses_a_large_body(process: tuple[Process, str]):
    form = {"grant_type": "client_credentials", "scope": "x" * 20_000}
    assert httpx.post(f"{process[1]}/oauth2/token", data=form, auth=("ci", SECRET)).status_code == 413


def test_the_process_refuses_a_large_body_without_a_length(process: tuple[Process, str]):
    chunks = (b"x" * 1000 for _ in range(20))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert httpx.post(f"{process[1]}/oauth2/token", content=chunks, headers=headers).status_code == 413


def test_a_port_in_use_is_one_sentence_and_exit_code_1(process: tuple[Process, str], state_dir: Path):
    port = process[1].rpartition(":")[2]
    command = [sys.executable, "-m", "gwctl.local.issuer.server", "--port", port, "--state-dir", state_dir]
    with Process([*map(str, command), "--issuer", "http://127.0.0.1"]) as second:
        assert second.wait() == 1
    assert second.output.startswith("issuer: ")
    assert second.output.count("\n") == 1


def test_the_process_ends_cleanly_on_sigterm(tmp_path: Path):
    port = free_port()
    command = [sys.executable, "-m", "gwctl.local.issuer.server", "--port", str(port), "--state-dir", str(tmp_path)]
    url = f"http://127.0.0.1:{port}"
    running = start([*command, "--issuer", url], ready=lambda: answers(f"{url}/healthz"))
    assert running.stop() == 0
