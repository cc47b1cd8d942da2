"""User pools, app clients and secrets of the local AWS: what was answered is there after kill -9, with the same ids."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from admin.servers import start_aws
from gwctl.core import scopes
from gwctl.emulated_aws.disk.file import FILE
from gwctl.stores.aws.local_names import client_options
from support.ports import free_port
from support.processes import Process


class Aws:
    """A local AWS that can be killed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._process = self._start()

    def _start(self) -> Process:
        return start_aws(self.directory, self.port)

    def client(self, service: str, region: str = "us-east-1") -> Any:
        make: Any = boto3.client
        options = client_options(f"http://127.0.0.1:{self.port}") | {"region_name": region}
        return make(service, config=Config(retries={"total_max_attempts": 1}), **options)

    def kill_and_start(self) -> None:
        self._process.stop(grace=0)
        self._process = self._start()

    def stop(self) -> None:
        self._process.stop(grace=0)


@pytest.fixture
def aws(tmp_path: Path):
    running = Aws(tmp_path)
    yield running
    running.stop()


def new_client(cognito: Any, pool: str, name: str = "c") -> dict[str, str]:
    made = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName=name,
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=[scopes.INVOKE],
    )
    return {"UserPoolId": pool, "ClientId": made["UserPoolClient"]["ClientId"]}


def told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_user_pool_is_the_same_after_kill_9(aws: Aws):
    cognito = aws.client("cognito-idp")
    schema = [{"Name": "team", "AttributeDataType": "String", "Mutable": True}]
    pool = cognito.create_user_pool(PoolName="machines", Schema=schema)["UserPool"]["Id"]
    cognito.update_user_pool(UserPoolId=pool, UserPoolTags={"a": "b"}, DeletionProtection="ACTIVE")
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
    )
    cognito.create_user_pool_domain(UserPoolId=pool, Domain="tokens")
    every = [{"ScopeName": name, "ScopeDescription": name} for name in ("invoke", "read")]
    cognito.create_resource_server(UserPoolId=pool, Identifier="gateway", Name="gateway", Scopes=every)

    def everything() -> list[Any]:
        return [
            told(cognito.describe_user_pool(UserPoolId=pool)),
            told(cognito.get_user_pool_mfa_config(UserPoolId=pool)),
            cognito.describe_user_pool_domain(Domain="tokens")["DomainDescription"]["UserPoolId"],
            cognito.list_resource_servers(UserPoolId=pool, MaxResults=10)["ResourceServers"],
            cognito.list_user_pools(MaxResults=10)["UserPools"],
        ]

    before = everything()
    aws.kill_and_start()
    assert everything() == before
    assert before[2:] == [pool, [{**before[3][0], "Scopes": every}], before[4]]


def test_app_clients_have_the_ids_and_secrets_that_were_given_out(aws: Aws):
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="machines")["UserPool"]["Id"]
    kept, rotated, rotating, gone = (
        new_client(cognito, pool, name) for name in ("kept", "rotated", "rotating", "gone")
    )
    cognito.update_user_pool_client(**kept, AccessTokenValidity=15)
    for each in (rotated, rotating):
        cognito.add_user_pool_client_secret(**each)
    first = cognito.list_user_pool_client_secrets(**rotated)["ClientSecrets"][0]["ClientSecretId"]
    cognito.delete_user_pool_client_secret(**rotated, ClientSecretId=first)
    cognito.delete_user_pool_client(**gone)

    def everything() -> list[Any]:
        clients = (kept, rotated, rotating)
        described = [cognito.describe_user_pool_client(**each)["UserPoolClient"] for each in clients]
        return described + [cognito.list_user_pool_client_secrets(**each)["ClientSecrets"] for each in clients]

    before = everything()
    aws.kill_and_start()
    assert everything() == before
    assert [len(each) for each in before[3:]] == [1, 1, 2]
    assert all(each["ClientSecret"] for each in before[:3])
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cognito.describe_user_pool_client(**gone)


def test_a_deleted_pool_takes_its_clients_along_and_no_others(aws: Aws):
    cognito, elsewhere = aws.client("cognito-idp"), aws.client("cognito-idp", "eu-central-1")
    pool, other = (cognito.create_user_pool(PoolName=name)["UserPool"]["Id"] for name in ("a", "b"))
    new_client(cognito, pool)
    left = new_client(cognito, other)
    far = new_client(elsewhere, elsewhere.create_user_pool(PoolName="c")["UserPool"]["Id"])
    cognito.delete_user_pool(UserPoolId=pool)
    aws.kill_and_start()
    assert [each["Id"] for each in cognito.list_user_pools(MaxResults=10)["UserPools"]] == [other]
    assert cognito.describe_user_pool_client(**left)
    assert elsewhere.describe_user_pool_client(**far)


def test_what_cognito_could_not_keep_is_refused(aws: Aws):
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="machines")["UserPool"]["Id"]
    with pytest.raises(ClientError, match="could not keep what AdminCreateUser writes"):
        cognito.admin_create_user(UserPoolId=pool, Username="somebody")


def test_secrets_are_the_same_after_kill_9(aws: Aws):
    manager = aws.client("secretsmanager")
    tags = [{"Key": "a", "Value": "b"}]
    arn = manager.create_secret(Name="p/openai", SecretString="one", Tags=tags, Description="d")["ARN"]
    for value in ("two", "three"):
        manager.put_secret_value(SecretId="p/openai", SecretString=value)
    manager.put_secret_value(SecretId=arn, SecretString="next", VersionStages=["AWSPENDING"])
    manager.tag_resource(SecretId=arn, Tags=[{"Key": "c", "Value": "d"}])
    manager.create_secret(Name="p", SecretBinary=b"\x00\xff")
    manager.create_secret(Name="empty")
    manager.create_secret(Name="copied", SecretString="x", AddReplicaRegions=[{"Region": "eu-central-1"}])

    def everything() -> list[Any]:
        stages = ("AWSCURRENT", "AWSPREVIOUS", "AWSPENDING")
        values = [manager.get_secret_value(SecretId="p/openai", VersionStage=stage) for stage in stages]
        found = [told(answer) for answer in (*values, manager.get_secret_value(SecretId="p"))]
        names = ("p/openai", "p", "empty", "copied")
        return found + [told(manager.describe_secret(SecretId=name)) for name in names]

    before = everything()
    aws.kill_and_start()
    assert everything() == before
    assert [each.get("SecretString") for each in before[:3]] == ["three", "two", "next"]
    assert before[3]["SecretBinary"] == b"\x00\xff"


def test_a_deleted_secret_stays_deleted_and_a_restored_one_is_there(aws: Aws):
    manager = aws.client("secretsmanager")
    arns = {name: manager.create_secret(Name=name, SecretString="x")["ARN"] for name in ("gone", "marked", "back")}
    manager.delete_secret(SecretId=arns["gone"], ForceDeleteWithoutRecovery=True)
    for name in ("marked", "back"):
        manager.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    aws.kill_and_start()
    manager.restore_secret(SecretId="back")
    aws.kill_and_start()
    with pytest.raises(ClientError, match="ResourceNotFound"):
        manager.describe_secret(SecretId="gone")
    with pytest.raises(ClientError, match="marked deleted"):
        manager.get_secret_value(SecretId="marked")
    assert manager.get_secret_value(SecretId="back")["ARN"] == arns["back"]


def test_a_secret_that_a_function_would_rotate_is_refused(aws: Aws):
    manager = aws.client("secretsmanager")
    manager.create_secret(Name="x", SecretString="x")
    with pytest.raises(ClientError, match="could not keep what RotateSecret writes"):
        manager.rotate_secret(SecretId="x", RotationLambdaARN="arn:aws:lambda:us-east-1:123456789012:function:f")


def test_the_files_with_secrets_are_readable_by_their_owner_alone(aws: Aws):
    aws.client("secretsmanager").create_secret(Name="x", SecretString="hidden")
    files = list(aws.directory.glob(f"{FILE}*"))
    assert any(b"hidden" in file.read_bytes() for file in files)
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
