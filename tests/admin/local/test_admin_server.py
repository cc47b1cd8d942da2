"""The local admin API over HTTP: who gets in, and that the functions see what API Gateway would show them."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.place import route
from admin.servers import ISSUER, RunningAdmin, running_admin
from gwctl.admin.service import runtime
from gwctl.admin.service.changes import Actor, Expected
from gwctl.core import scopes
from gwctl.local.admin_server.events import HttpRequest, Resources, proxy_event
from gwctl.local.admin_server.server import main
from gwctl.local.issuer.store import digest
from gwctl.policy.documents import Provider, Team

WRITE = f"{scopes.ADMIN} {scopes.READ}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAdmin]:
    with running_admin(tmp_path_factory.mktemp("admin")) as running:
        yield running


def test_a_document_is_written_and_read_over_http(server: RunningAdmin):
    headers = server.bearer(WRITE)
    written = server.http.put("/routing/a%2Fb", json=route("a/b"), headers=headers)
    assert (written.status_code, written.headers["etag"]) == (201, f'"{written.json()["version"]}"')
    read = server.http.get("/routing/a%2Fb", headers=headers)
    assert read.json()["document"]["id"] == "a/b"
    assert read.headers["content-type"] == "application/json"
    assert read.json()["changed_by"] == "tester"


def test_a_token_goes_in_with_and_without_the_word_bearer(server: RunningAdmin):
    token = server.token(scopes.READ)
    for value in (token, f"Bearer {token}", f"bearer {token}"):
        assert server.http.get("/teams", headers={"Authorization": value}).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 10},
        {"exp": None},
        {"iss": "http://127.0.0.1:9/other"},
        {"iss": None},
        {"token_use": "id"},
        {"token_use": None},
        {"client_id": None},
    ],
)
def test_a_token_with_wrong_claims_is_refused(server: RunningAdmin, claims: dict):
    answer = server.http.get("/teams", headers=server.bearer(scopes.READ, **claims))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_a_token_of_another_key_is_refused(server: RunningAdmin):
    assert server.http.get("/teams", headers=server.forged(scopes.READ)).status_code == 401


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer x", "Basic dXNlcjpwYXNz", "a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30."]
)
def test_what_is_no_token_is_refused(server: RunningAdmin, value: str):
    answer = server.http.get("/teams", headers={"Authorization": value} if value else {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_a_token_without_the_scope_is_refused(server: RunningAdmin):
    for scope in (scopes.READ, scopes.INVOKE, "gateway/administrator"):
        answer = server.http.delete("/teams/x", headers=server.bearer(scope))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize("path", ["/", "/nothing", "/teams/", "/teams/a/b/c", "/routing/a/b", "//teams"])
def test_an_unknown_path_is_a_404_before_any_token_is_looked_at(server: RunningAdmin, path: str):
    answer = server.http.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_client_made_here_is_known_to_the_token_service(server: RunningAdmin):
    headers = server.bearer(WRITE)
    server.http.put("/teams/search", json={"id": "search"}, headers=headers)
    made = server.http.post("/teams/search/clients", json={"name": "ci"}, headers=headers).json()
    client = server.app_clients.find(made["client_id"])
    assert client
    assert client.scope == scopes.INVOKE
    assert client.secrets_sha256 == (digest(made["client_secret"]),)
    assert made["client_secret"] not in server.server.output


def test_a_change_by_another_process_is_seen_and_can_be_built_upon(server: RunningAdmin):
    headers = server.bearer(WRITE)
    assert server.http.get("/teams", headers=headers).status_code == 200
    providers = [Provider(id="openai", kind="openai")]
    other = runtime.on_database(server.database, providers, directory=server.app_clients)
    outcome = other.service.put("teams", Team(id="elsewhere"), Expected(), Actor("other", "r"))
    read = server.http.get("/teams/elsewhere", headers=headers)
    assert (read.status_code, read.json()["changed_by"]) == (200, "other")
    written = server.http.put("/teams/here", json={"id": "here"}, headers=headers).json()
    assert written["policy_version"] == outcome.state.version + 1


def test_a_body_larger_than_api_gateway_takes_is_refused(server: RunningAdmin):
    answer = server.http.put("/routing/new", content=b"x" * (11 * 2**20), headers=server.bearer(WRITE))
    assert answer.status_code == 413


def test_an_unusable_configuration_ends_with_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    config = tmp_path / "admin.json"
    config.write_text('{"port": 0}')
    assert main(["--config", str(config)]) == 1
    assert capsys.readouterr().err.startswith(f"admin: {config} cannot be used")


def test_an_event_has_the_shape_of_api_gateways():
    headers = (("Host", "h"), ("X-A", "1"), ("X-A", "2"), ("User-Agent", "me"))
    request = HttpRequest("GET", "/routing/a%2Fb", "limit=1&x=a%20b&x=c", headers, b"", "10.0.0.1")
    match = Resources(["/routing/{alias}", "/routing"]).match(request.path)
    assert match
    event = proxy_event(request, *match, {"client_id": "c", "exp": 1_795_000_000, "iss": ISSUER})
    assert event["resource"] == "/routing/{alias}"
    assert event["pathParameters"] == {"alias": "a%2Fb"}
    assert event["queryStringParameters"] == {"limit": "1", "x": "c"}
    assert event["multiValueQueryStringParameters"] == {"limit": ["1"], "x": ["a b", "c"]}
    assert event["multiValueHeaders"]["X-A"] == ["1", "2"]
    assert event["headers"]["X-A"] == "2"
    assert event["requestContext"]["identity"]["sourceIp"] == "10.0.0.1"
    claims = event["requestContext"]["authorizer"]["claims"]
    assert claims == {"client_id": "c", "exp": "Wed Nov 18 11:06:40 UTC 2026", "iss": ISSUER}
    assert (event["body"], event["isBase64Encoded"]) == (None, False)
