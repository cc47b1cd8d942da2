"""Providers' credentials: from Secrets Manager, from the task role for Bedrock, and never lost to a bad moment."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from gwctl.agent.policy.provider_secrets import ProviderSecrets
from gwctl.agent.status import StatusFile
from gwctl.policy.snapshot import Snapshot
from support.agent_settings import agent_settings
from unit.policy.examples import compiled

NAME = "prod/providers/openai"
REGION = "us-east-1"
SNAPSHOT: Snapshot = compiled(
    1,
    providers=[{"id": "openai", "kind": "openai"}, {"id": "bedrock-eu", "kind": "bedrock", "region": "eu-central-1"}],
    routes=[{"id": "fast", "targets": [{"provider": "openai", "model": "gpt-4o-mini"}]}],
    teams=[{"id": "search", "models": ["fast"]}],
    clients=[],
    budgets=[],
    scanner=[],
    pricing=[],
)


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Secrets Manager, and a role's session in the environment."""
    for name, value in {"ACCESS_KEY_ID": "ASIAROLE", "SECRET_ACCESS_KEY": "role-secret", "SESSION_TOKEN": "t1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        for name, value in {"ACCESS_KEY_ID": "ASIAROLE", "SECRET_ACCESS_KEY": "role-secret"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_SESSION_TOKEN", "t1")
        make: Any = boto3.client
        yield make("secretsmanager", region_name=REGION)


class Keys:
    """Provider secrets of an agent, and its status."""

    def __init__(self, folder: Path, names: dict[str, str], **others: Any) -> None:
        settings = agent_settings(folder, provider_secrets=names, region=REGION, **others)
        self.status = StatusFile(settings.status_path)
        self.secrets = ProviderSecrets(settings, self.status)

    def refresh(self) -> bool:
        return asyncio.run(self.secrets.step())

    def of(self, provider: str) -> dict[str, str]:
        return dict(self.secrets.of(SNAPSHOT).get(provider, {}))

    @property
    def problems(self) -> str:
        return "\n".join(self.status.status.secrets)


@pytest.fixture
def keys(tmp_path: Path, manager: Any) -> Keys:
    return Keys(tmp_path, {"openai": NAME})


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"api_key": "sk-1"}', {"api_key": "sk-1"}),
        ("sk-plain\n", {"api_key": "sk-plain"}),
        ('{"service_account_json": {"type": "x"}}', {"service_account_json": '{"type": "x"}'}),
    ],
)
def test_a_secret_is_an_object_of_fields_or_the_key_alone(keys: Keys, manager: Any, text: str, fields: Any):
    manager.create_secret(Name=NAME, SecretString=text)
    assert keys.refresh()
    assert keys.of("openai") == fields


def test_nothing_is_said_before_everything_was_read_once(keys: Keys, manager: Any):
    manager.create_secret(Name=NAME, SecretString="sk-1")
    assert keys.secrets.generation is None
    keys.refresh()
    assert keys.secrets.generation is not None


def test_a_new_value_is_seen_at_the_next_look_and_only_then_is_there_something_new(keys: Keys, manager: Any):
    manager.create_secret(Name=NAME, SecretString="sk-1")
    keys.refresh()
    first = keys.secrets.generation
    keys.refresh()
    assert keys.secrets.generation == first
    manager.put_secret_value(SecretId=NAME, SecretString="sk-2")
    keys.refresh()
    assert keys.secrets.generation != first
    assert keys.of("openai") == {"api_key": "sk-2"}


def test_a_secret_without_a_value_is_named_and_holds_up_nothing(keys: Keys, manager: Any):
    manager.create_secret(Name=NAME)
    assert not keys.refresh()
    assert f"the secret {NAME} of provider openai has no value yet; its requests will fail" in keys.problems
    assert keys.secrets.generation is not None


@pytest.mark.parametrize("text", ['{"api_key": ', "{}", '{"api_key": 7}'])
def test_a_secret_that_cannot_be_used_keeps_the_last_value_and_shows_nothing_of_itself(
    keys: Keys, manager: Any, text: str
):
    manager.create_secret(Name=NAME, SecretString="sk-1")
    keys.refresh()
    manager.put_secret_value(SecretId=NAME, SecretString=text + " canary" if "{}" not in text else text)
    keys.refresh()
    assert keys.of("openai") == {"api_key": "sk-1"}
    assert "its last value stays" in keys.problems
    assert "canary" not in keys.problems


def test_a_secret_that_is_gone_keeps_its_last_value(keys: Keys, manager: Any):
    manager.create_secret(Name=NAME, SecretString="sk-1")
    keys.refresh()
    manager.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
    keys.refresh()
    assert keys.of("openai") == {"api_key": "sk-1"}


def test_bedrock_without_a_secret_gets_the_session_of_the_task_role(keys: Keys, manager: Any):
    manager.create_secret(Name=NAME, SecretString="sk-1")
    keys.refresh()
    assert keys.of("bedrock-eu") == {
        "aws_access_key_id": "ASIAROLE",
        "aws_secret_access_key": "role-secret",
        "aws_session_token": "t1",
    }


def test_bedrock_gets_a_session_of_the_role_that_may_call_models_alone(tmp_path: Path, manager: Any):
    keys = Keys(tmp_path, {}, bedrock_role_arn="arn:aws:iam::123456789012:role/gwctl-dev-bedrock")
    keys.refresh()
    session = keys.of("bedrock-eu")
    assert session.keys() == {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}
    assert session["aws_secret_access_key"] != "role-secret"
    assert keys.of("bedrock-eu") == session


def test_bedrock_with_a_secret_gets_that(tmp_path: Path, manager: Any):
    manager.create_secret(Name="bedrock", SecretString=json.dumps({"api_key": "bedrock-key"}))
    keys = Keys(tmp_path, {"bedrock-eu": "bedrock"})
    keys.refresh()
    assert keys.of("bedrock-eu") == {"api_key": "bedrock-key"}


def test_renewed_credentials_of_the_role_are_something_new(keys: Keys, manager: Any, monkeypatch: pytest.MonkeyPatch):
    manager.create_secret(Name=NAME, SecretString="sk-1")
    keys.refresh()
    keys.of("bedrock-eu")
    keys.refresh()
    first = keys.secrets.generation
    credentials: Any = keys.secrets._store._credentials  # pyright: ignore[reportPrivateUsage] - what boto3 renews
    monkeypatch.setattr(credentials, "token", "t2")
    keys.refresh()
    assert keys.secrets.generation != first
    assert keys.of("bedrock-eu")["aws_session_token"] == "t2"
