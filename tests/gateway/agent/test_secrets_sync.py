"""Providers' keys of a deployment: what Secrets Manager holds is what the edge sends, a minute after it changed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import ISSUER, Issuer
from gwctl.agent.policy.envoy_admin import EnvoyAdmin
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.policy.provider_secrets import ProviderSecrets
from gwctl.agent.policy.sync import PolicySync
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import StatusFile
from support.ports import free_port
from unit.policy.examples import compiled

NAME = "prod/providers/openai"
POLICY = compiled(1)


@pytest.fixture
def manager() -> Iterator[Any]:
    # Undone before moto undoes its own: the other way round moto's keys would stay behind.
    with mock_aws(), pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in {"ACCESS_KEY_ID": "ASIAROLE", "SECRET_ACCESS_KEY": "s", "SESSION_TOKEN": "t"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        make: Any = boto3.client
        yield make("secretsmanager", region_name="us-east-1")


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    with Issuer() as issuer, Edge(tmp_path, ISSUER, issuer.jwks_url, free_port()) as edge:
        edge.start(ready=503)
        yield edge


def test_a_policy_waits_for_its_keys_and_follows_them(edge: Edge, tmp_path: Path, manager: Any):
    settings = AgentSettings(
        edge=edge.settings,
        state_dir=tmp_path,
        status_path=tmp_path / "status.json",
        provider_secrets={"openai": NAME},
    )
    manager.create_secret(Name=NAME, SecretString='{"api_key": "sk-first"}')
    settings.policy_file.write_bytes(POLICY.to_json())
    sent: list[str] = []

    async def steps() -> None:
        admin, status = EnvoyAdmin(edge.settings.admin_socket), StatusFile(settings.status_path)
        secrets = ProviderSecrets(settings, status)
        sync = PolicySync(settings, admin, SnapshotHistory(settings.history_dir), status, secrets=secrets)
        sync.prepare()
        await sync.step()
        assert status.status.applied is None  # without its keys every request would fail at the provider
        for value in ("sk-first", "sk-second"):
            manager.put_secret_value(SecretId=NAME, SecretString=value)
            await secrets.step()
            await sync.step()
            assert status.status.applied == POLICY.label
            sent.append(edge.settings.secrets_file.read_text())
        await admin.close()

    asyncio.run(steps())
    assert "sk-first" in sent[0]
    assert "sk-second" in sent[1]
    assert "sk-first" not in sent[1]
