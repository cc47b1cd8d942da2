"""App clients in Cognito: moto, and botocore's own model of the service for its answers about secrets."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from admin.place import Place, aws_client
from gwctl.core import scopes
from gwctl.stores.aws.cognito import CognitoClientDirectory
from gwctl.stores.interfaces import Credentials, Rotation, UnavailableError

SEARCH = "/teams/search/clients"


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
    # An empty list would mean all flows by which people sign in.
    assert found["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
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
