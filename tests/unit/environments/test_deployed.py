"""From Terraform's outputs to what works with them: clients, settings, an AWS for the gateway of this machine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from gwctl.agent.settings import AgentSettings
from gwctl.core.errors import UserError
from gwctl.environments.deploy import deployed
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.deploy.local_gateway import aws_of
from gwctl.local.supervisor.aws import Aws
from gwctl.stores.aws.settings import Settings

REGION = "eu-central-1"
SECRET_ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:gwctl-dev/providers/anthropic-AbCdEf"
EDGE = {
    "listen_host": "127.0.0.1",
    "listen_port": 1,
    "admin_socket": "/a",
    "issuer": "i",
    "jwks_url": "j",
    "xds_dir": "/x",
    "secrets_dir": "/s",
    "usage_log": "/u",
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with mock_aws():
        yield


@pytest.fixture
def applied(aws: None) -> Applied:
    """An environment whose user pool has the two clients that every one has."""
    cognito: Any = boto3.client("cognito-idp", region_name=REGION)
    pool = cognito.create_user_pool(PoolName="gwctl-dev")["UserPool"]["Id"]
    ids = {
        name: cognito.create_user_pool_client(
            UserPoolId=pool, ClientName=name, GenerateSecret=True, AllowedOAuthScopes=[scope]
        )["UserPoolClient"]["ClientId"]
        for name, scope in (("admin", "gateway/admin"), ("default", "gateway/invoke"))
    }
    outputs: dict[str, Any] = {
        "admin_api_url": "https://admin.example.net/v1/",
        "account_id": "111122223333",
        "audit_stream_name": "gwctl-dev-audit",
        "cognito_client_ids": ids,
        "cognito_token_endpoint": "https://token.example.net/oauth2/token",
        "cognito_user_pool_id": pool,
        "deployment": "gwctl-dev",
        "gateway_url": "https://ai.example.net",
        "jwks_url": "https://issuer.example.net/jwks.json",
        "notifications_topic_arn": "arn:aws:sns:eu-central-1:123456789012:gwctl-dev-notifications",
        "provider_secret_arns": {"anthropic": SECRET_ARN},
        "snapshot_bucket_name": "gwctl-dev-policy",
        "table_names": {name: f"gwctl-dev-{name}" for name in ("audit", "documents", "ledger", "usage")},
    }
    return Applied("dev", "123456789012", REGION, None, outputs)


def test_both_clients_are_found_with_their_secrets(applied: Applied):
    connection = deployed.connection_of(applied)
    ids = applied.outputs["cognito_client_ids"]
    assert (connection.client_id, connection.admin_client_id) == (ids["default"], ids["admin"])
    assert connection.client_secret
    assert connection.client_secret != connection.admin_client_secret
    assert (connection.admin_url, connection.gateway_url) == ("https://admin.example.net/v1", "https://ai.example.net")


def test_a_user_pool_that_is_gone_is_told(applied: Applied):
    boto3.client("cognito-idp", region_name=REGION).delete_user_pool(UserPoolId=applied.outputs["cognito_user_pool_id"])
    with pytest.raises(UserError, match="Cognito does not tell the clients of dev"):
        deployed.connection_of(applied)


def test_the_agents_settings_are_some_that_it_takes(applied: Applied):
    given = deployed.agent_settings(applied)
    settings = AgentSettings.model_validate({**given, "edge": EDGE, "state_dir": "/state", "status_path": "/status"})
    assert settings.provider_secrets == {"anthropic": "gwctl-dev/providers/anthropic"}
    assert settings.tables
    assert settings.tables.ledger == "gwctl-dev-ledger"


def test_an_output_that_is_missing_is_named(applied: Applied):
    without = {name: value for name, value in applied.outputs.items() if name != "audit_stream_name"}
    with pytest.raises(UserError, match="dev has no output audit_stream_name"):
        deployed.agent_settings(Applied("dev", "1", REGION, None, without))


def test_the_gateway_here_is_given_all_of_it_by_a_file_for_its_owner(applied: Applied, tmp_path: Path):
    emulated = Applied("dev", applied.account_id, REGION, "http://127.0.0.1:9", applied.outputs)
    aws_of(emulated).write(tmp_path / "cloud.json")
    assert (tmp_path / "cloud.json").stat().st_mode & 0o777 == 0o600
    read = Aws.read(tmp_path / "cloud.json")
    assert Settings.model_validate(read.admin) == deployed.admin_settings(emulated)
    assert read.variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert read.variables["AWS_REGION"] == REGION


def test_a_file_that_is_no_such_thing_is_told(tmp_path: Path):
    (tmp_path / "cloud.json").write_text('{"endpoint": "x"}')
    with pytest.raises(UserError, match=r"does not describe an AWS to use .*; deploy again"):
        Aws.read(tmp_path / "cloud.json")


def test_providers_keys_go_where_the_agent_reads_them(applied: Applied):
    manager = boto3.client("secretsmanager", region_name=REGION)
    manager.create_secret(Name="gwctl-dev/providers/anthropic")
    cloud = Aws(None, REGION, "x", "x", {}, deployed.agent_settings(applied))  # type: ignore[arg-type]
    names = cloud.store_secrets({"anthropic": {"api_key": "one"}, "sample": {"api_key": "two"}})
    assert names == {"anthropic": "gwctl-dev/providers/anthropic", "sample": "gwctl-dev/providers/sample"}
    stored = {name: manager.get_secret_value(SecretId=each)["SecretString"] for name, each in names.items()}
    assert {name: json.loads(text)["api_key"] for name, text in stored.items()} == {"anthropic": "one", "sample": "two"}
