"""Clients: made, rotated and revoked in two systems, and what is left when one of them fails in between."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from admin.place import OPERATOR, PROVIDERS, Admin, Place, aws_client
from gwctl.admin.service.changes import Expected
from gwctl.core import scopes
from gwctl.stores.aws.cognito import CognitoClientDirectory
from gwctl.stores.interfaces import Credentials, Rotation, UnavailableError

SEARCH = "/teams/search/clients"


@pytest.fixture
def small(admin: Admin) -> Admin:
    admin.small_policy()
    return admin


def known(place: Place) -> dict[str, Any]:
    """The app clients that may have tokens."""
    return place.app_clients()


def test_a_new_client_gets_a_token_and_belongs_to_its_team(small: Admin):
    answer = small.post(SEARCH, {"name": "indexer"})
    body = answer.ok()
    assert answer.status == 201
    assert body["document"] == {"id": body["client_id"], "team": "search", "name": "indexer", "enabled": True}
    client = known(small.place)[body["client_id"]]
    assert client.has_secret(body["client_secret"])
    assert client.scopes == (scopes.INVOKE,)
    snapshot = small.place.snapshots().snapshot(body["policy_version"])
    assert snapshot
    assert snapshot.clients[body["client_id"]].team == "search"


def test_a_secret_is_shown_once_and_kept_and_logged_nowhere(small: Admin, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        secret = small.post(SEARCH, {}).ok()["client_secret"]
        again = json.dumps(small.get(SEARCH).ok())
    assert secret not in again
    assert secret not in caplog.text
    dynamodb = aws_client("dynamodb", small.place.dynamodb_url)
    tables = small.place.settings.tables.model_dump().values()
    assert secret not in str([dynamodb.scan(TableName=table)["Items"] for table in tables])


def test_a_dry_run_makes_no_client(small: Admin):
    body = small.post(SEARCH, {"name": "indexer"}, dry_run="true").ok()
    assert (body["client_id"], body["client_secret"], body["dry_run"]) == (None, None, True)
    assert body["difference"] == ["client new-client is new: of team search"]
    assert known(small.place) == {}
    assert small.get(SEARCH).ok()["items"] == []


def test_a_client_of_no_team_is_not_made(small: Admin):
    small.post("/teams/nobody/clients", {}).refused(404, "not_found")
    assert known(small.place) == {}


def test_an_unknown_field_of_a_new_client_is_refused(small: Admin):
    error = small.post(SEARCH, {"nam": "x"}).refused(422, "invalid")
    assert error["details"][0]["field"] == "nam"


def test_a_rotated_client_has_a_new_secret_and_not_the_old_one(small: Admin):
    made = small.post(SEARCH, {}).ok()
    rotated = small.post(f"{SEARCH}/{made['client_id']}/secret").ok()
    client = known(small.place)[made["client_id"]]
    assert client.has_secret(rotated["client_secret"])
    assert not client.has_secret(made["client_secret"])


def test_a_rotation_leaves_an_audit_record(small: Admin):
    made = small.post(SEARCH, {}).ok()
    small.post(f"{SEARCH}/{made['client_id']}/secret", caller="alice").ok()
    record = small.runtime.history.records(limit=1)[0]
    assert (record.actor, record.action, record.note) == ("alice", "rotate-secret", f"client {made['client_id']}")


def test_a_dry_rotation_leaves_the_secret_as_it_was(small: Admin):
    made = small.post(SEARCH, {}).ok()
    body = small.post(f"{SEARCH}/{made['client_id']}/secret", dry_run="true").ok()
    assert body["client_secret"] is None
    assert known(small.place)[made["client_id"]].has_secret(made["client_secret"])


def test_a_revoked_client_has_no_rights_and_gets_no_token(small: Admin):
    made = small.post(SEARCH, {}).ok()["client_id"]
    body = small.delete(f"{SEARCH}/{made}").ok()
    snapshot = small.place.snapshots().snapshot(body["policy_version"])
    assert snapshot
    assert made not in snapshot.clients
    assert made not in known(small.place)


def test_a_client_with_a_budget_is_not_revoked(small: Admin):
    made = small.post(SEARCH, {}).ok()["client_id"]
    small.put("/budgets/one", {"id": "one", "client": made, "limit_requests": 5, "period": "day"}).ok()
    small.delete(f"{SEARCH}/{made}").refused(422, "referenced")
    assert made in known(small.place)


def test_a_client_is_switched_off_and_on(small: Admin):
    made = small.post(SEARCH, {}).ok()
    off = {**made["document"], "enabled": False}
    answer = small.put(f"{SEARCH}/{made['client_id']}", off, f'"{made["version"]}"').ok()
    assert answer["difference"] == [f"client {made['client_id']}: enabled from yes to no"]


def test_a_client_of_another_team_is_not_found(small: Admin):
    small.put("/teams/other", {"id": "other"}).ok()
    made = small.post(SEARCH, {}).ok()
    elsewhere = f"/teams/other/clients/{made['client_id']}"
    small.get(elsewhere).refused(404, "not_found")
    small.delete(elsewhere).refused(404, "not_found")
    small.post(f"{elsewhere}/secret").refused(404, "not_found")
    small.put(elsewhere, {**made["document"], "team": "other"}, "*").refused(404, "not_found")


def test_an_app_client_that_exists_is_taken_into_the_policy(small: Admin):
    made = small.place.directory().create("by Terraform")
    document = {"id": made.client_id, "team": "search"}
    assert small.put(f"{SEARCH}/{made.client_id}", document).status == 201


def test_an_app_client_that_does_not_exist_is_not_taken_into_the_policy(small: Admin):
    error = small.put(f"{SEARCH}/made-up", {"id": "made-up", "team": "search"}).refused(422, "invalid")
    assert error["details"][0]["document"] == "clients/made-up"


class Meddled:
    """A token service during whose answer something else happens."""

    def __init__(self, place: Place, meddle: Any) -> None:
        self._real = place.directory()
        self._meddle = meddle

    def create(self, name: str) -> Credentials:
        made = self._real.create(name)
        self._meddle()
        return made

    def begin_rotation(self, client_id: str) -> Rotation:
        rotation = self._real.begin_rotation(client_id)
        self._meddle()
        return rotation

    def delete(self, client_id: str) -> bool:
        self._meddle()
        return self._real.delete(client_id)

    def exists(self, client_id: str) -> bool:
        return self._real.exists(client_id)

    def finish_rotation(self, rotation: Rotation) -> None:
        self._real.finish_rotation(rotation)

    def abandon_rotation(self, rotation: Rotation) -> None:
        self._real.abandon_rotation(rotation)


def test_a_client_whose_team_goes_meanwhile_is_made_nowhere(place: Place):
    def delete_team() -> None:
        other = place.runtime().service
        if other.load().get("teams", "search"):
            other.delete("teams", "search", Expected(any=True), OPERATOR)

    with place.admin(directory=Meddled(place, delete_team)) as admin:
        admin.put("/teams/search", {"id": "search"}).ok()
        admin.post(SEARCH, {}).refused(422, "invalid")
        assert known(place) == {}


def test_a_client_revoked_during_its_rotation_gets_no_new_secret(place: Place):
    with place.admin() as admin:
        admin.put("/teams/search", {"id": "search"}).ok()
        made = admin.post(SEARCH, {}).ok()

    def revoke() -> None:
        place.runtime().service.delete("clients", made["client_id"], Expected(any=True), OPERATOR)

    with place.admin(directory=Meddled(place, revoke)) as admin:
        admin.post(f"{SEARCH}/{made['client_id']}/secret").refused(404, "not_found")
        assert known(place)[made["client_id"]].has_secret(made["client_secret"])


def test_a_client_is_revoked_even_if_the_token_service_does_not_answer(place: Place):
    with place.admin() as admin:
        admin.put("/teams/search", {"id": "search"}).ok()
        made = admin.post(SEARCH, {}).ok()["client_id"]

    def down() -> None:
        raise UnavailableError("down")

    with place.admin(directory=Meddled(place, down)) as admin:
        admin.delete(f"{SEARCH}/{made}").ok()
        admin.get(f"{SEARCH}/{made}").refused(404, "not_found")


# Cognito: moto, and botocore's own model of the service for its answers about secrets.


@pytest.fixture
def pool(aws_url: str) -> tuple[Any, str]:
    client = aws_client("cognito-idp", aws_url)
    pool_id = client.create_user_pool(PoolName="test")["UserPool"]["Id"]
    client.create_resource_server(
        UserPoolId=pool_id,
        Identifier="gateway",
        Name="gateway",
        Scopes=[{"ScopeName": "invoke", "ScopeDescription": "invoke"}],
    )
    return client, pool_id


def in_cognito(pool: tuple[Any, str]) -> CognitoClientDirectory:
    client, pool_id = pool
    return CognitoClientDirectory(lambda: client, pool_id, scopes.INVOKE)


def test_a_cognito_client_may_get_tokens_for_invoking_and_nothing_else(pool: tuple[Any, str]):
    client, pool_id = pool
    made = CognitoClientDirectory(lambda: client, pool_id, scopes.INVOKE).create("acme search indexer/1")
    found = client.describe_user_pool_client(UserPoolId=pool_id, ClientId=made.client_id)["UserPoolClient"]
    assert found["ClientSecret"] == made.client_secret
    assert found["AllowedOAuthFlows"] == ["client_credentials"]
    assert found["AllowedOAuthScopes"] == [scopes.INVOKE]
    assert found["ExplicitAuthFlows"] == []
    assert found["ClientName"] == "acme search indexer-1"


def test_a_cognito_client_exists_until_it_is_deleted(pool: tuple[Any, str]):
    directory = in_cognito(pool)
    made = directory.create("x").client_id
    assert directory.exists(made)
    assert directory.delete(made)
    assert not directory.exists(made)
    assert not directory.delete(made)


def test_the_whole_life_of_a_client_in_cognito(place: Place, pool: tuple[Any, str]):
    with place.admin(directory=in_cognito(pool)) as admin:
        admin.put("/teams/search", {"id": "search"}).ok()
        made = admin.post(SEARCH, {"name": "indexer"}).ok()["client_id"]
        assert in_cognito(pool).exists(made)
        admin.delete(f"{SEARCH}/{made}").ok()
        assert not in_cognito(pool).exists(made)


@pytest.fixture
def stubbed() -> Iterator[tuple[CognitoClientDirectory, Stubber]]:
    make: Any = boto3.client
    client = make("cognito-idp", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        yield CognitoClientDirectory(lambda: client, "eu-central-1_pool", scopes.INVOKE), stub
        stub.assert_no_pending_responses()


CLIENT = {"UserPoolId": "eu-central-1_pool", "ClientId": "abc"}


def secrets(*ids: str) -> dict[str, Any]:
    """Secrets that were made one second after the other."""
    return {
        "ClientSecrets": [
            {"ClientSecretId": name, "ClientSecretCreateDate": 1_795_000_000 + n} for n, name in enumerate(ids)
        ]
    }


def expect(stub: Stubber, operation: str, answer: dict[str, Any], **more: str) -> None:
    stub.add_response(operation, answer, {**CLIENT, **more})


NEW = {
    "ClientSecretDescriptor": {
        "ClientSecretId": "abc--2",
        "ClientSecretValue": "n" * 30,
        "ClientSecretCreateDate": 1_795_000_100,
    }
}


def test_a_cognito_rotation_adds_a_secret_and_then_ends_the_old_one(stubbed: tuple[CognitoClientDirectory, Stubber]):
    directory, stub = stubbed
    expect(stub, "list_user_pool_client_secrets", secrets("abc--1"))
    expect(stub, "add_user_pool_client_secret", NEW)
    expect(stub, "list_user_pool_client_secrets", secrets("abc--1", "abc--2"))
    expect(stub, "delete_user_pool_client_secret", {}, ClientSecretId="abc--1")
    rotation = directory.begin_rotation("abc")
    directory.finish_rotation(rotation)
    assert rotation.credentials == Credentials("abc", "n" * 30)


def test_a_cognito_rotation_makes_room_after_one_that_broke_off(stubbed: tuple[CognitoClientDirectory, Stubber]):
    directory, stub = stubbed
    expect(stub, "list_user_pool_client_secrets", secrets("abc--0", "abc--1"))
    expect(stub, "delete_user_pool_client_secret", {}, ClientSecretId="abc--0")
    expect(stub, "add_user_pool_client_secret", NEW)
    directory.begin_rotation("abc")


def test_an_abandoned_cognito_rotation_leaves_the_old_secret(stubbed: tuple[CognitoClientDirectory, Stubber]):
    directory, stub = stubbed
    expect(stub, "delete_user_pool_client_secret", {}, ClientSecretId="abc--2")
    directory.abandon_rotation(Rotation(Credentials("abc", "n"), "abc--2"))


def test_an_outage_of_cognito_is_told_without_its_insides(stubbed: tuple[CognitoClientDirectory, Stubber]):
    directory, stub = stubbed
    stub.add_client_error("create_user_pool_client", "TooManyRequestsException", "client_secret=hidden")
    with pytest.raises(UnavailableError, match=r"^Cognito: TooManyRequestsException$"):
        directory.create("x")


def test_an_id_that_cognito_cannot_have_does_not_exist(stubbed: tuple[CognitoClientDirectory, Stubber]):
    directory, stub = stubbed
    stub.add_client_error("describe_user_pool_client", "InvalidParameterException")
    assert not directory.exists("local-admin")


def test_when_the_token_service_is_down_no_client_is_made(place: Place):
    def down() -> None:
        raise UnavailableError("down")

    with place.admin(directory=Meddled(place, down), providers=PROVIDERS) as admin:
        admin.put("/teams/search", {"id": "search"}).ok()
        admin.post(SEARCH, {}).refused(503, "unavailable")
        assert admin.get(SEARCH).ok()["items"] == []
