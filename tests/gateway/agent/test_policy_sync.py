"""Policy sync: what Envoy accepts is in force, what it rejects is taken back, and nothing is lost in between."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import ISSUER, Issuer
from gwctl.agent.policy.envoy_admin import EnvoyAdmin
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.policy.sync import PolicySync
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import AgentStatus, StatusFile
from gwctl.edge.breaker import OpenTargets
from gwctl.edge.render import PolicyFiles, Secrets, render_policy
from gwctl.edge.settings import EdgeSettings
from gwctl.policy.snapshot import Snapshot
from support.ports import free_port
from unit.policy.examples import compiled

ONE = compiled(1)
TWO = compiled(
    2,
    providers=[{"id": "openai", "kind": "openai"}],
    routes=[{"id": "other", "targets": [{"provider": "openai", "model": "gpt-4o"}]}],
    teams=[{"id": "search"}],
    clients=[{"id": "search-api", "team": "search"}],
)
SECRETS = {"openai": {"api_key": "sk-one"}, "anthropic": {"api_key": "sk-two"}}


class Sync:
    """A policy sync with a snapshot file of its own."""

    def __init__(self, edge: Edge, folder: Path) -> None:
        self.edge = edge
        self.render: Callable[[Snapshot, EdgeSettings, Secrets, OpenTargets], PolicyFiles] = render_policy
        self.settings = AgentSettings(
            snapshot_path=folder / "snapshot.json",
            secrets_path=folder / "secrets.json",
            edge=edge.settings,
            events_path=folder / "events.jsonl",
            state_dir=folder,
            status_path=folder / "status.json",
        )
        self._status = StatusFile(self.settings.status_path)
        (folder / "secrets.json").write_text('{"openai": {"api_key": "sk-one"}, "anthropic": {"api_key": "sk-two"}}')

    def run(self, *snapshots: Snapshot | bytes) -> AgentStatus:
        """Write each snapshot and let the sync take one step."""

        async def steps() -> None:
            admin = EnvoyAdmin(self.edge.settings.admin_socket)
            history = SnapshotHistory(self.settings.history_dir)
            sync = PolicySync(self.settings, admin, history, self._status, lambda *given: self.render(*given))
            for snapshot in snapshots:
                content = snapshot if isinstance(snapshot, bytes) else snapshot.to_json()
                self.settings.policy_file.write_bytes(content)
                await sync.step()
            await admin.close()

        asyncio.run(steps())
        return self._status.status

    def models(self, token: str) -> list[str]:
        answer = httpx.get(f"{self.edge.url}/v1/models", headers={"authorization": f"Bearer {token}"}, trust_env=False)
        return [model["id"] for model in answer.raise_for_status().json()["data"]]


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def sync(tmp_path: Path, issuer: Issuer) -> Iterator[Sync]:
    with Edge(tmp_path, ISSUER, issuer.jwks_url, free_port()) as edge:
        edge.apply(compiled(0, clients=[]), SECRETS)
        edge.start(ready=503)
        yield Sync(edge, tmp_path)


def broken_policy(snapshot: Snapshot, edge: EdgeSettings, secrets: Secrets, _: OpenTargets) -> PolicyFiles:
    files = render_policy(snapshot, edge, secrets)
    return replace(files, policy=files.policy.replace(b"local POLICY", b"local local POLICY"))


def broken_clusters(snapshot: Snapshot, edge: EdgeSettings, secrets: Secrets, _: OpenTargets) -> PolicyFiles:
    files = render_policy(snapshot, edge, secrets)
    return replace(files, clusters=files.clusters.replace(b'"connect_timeout":"2s"', b'"connect_timeout":"-2s"'))


def test_a_new_snapshot_is_in_force_when_the_status_says_so(sync: Sync, issuer: Issuer):
    assert sync.run(ONE).applied == ONE.label
    assert sync.models(issuer.token("search-api")) == ["fast"]


def test_a_changed_snapshot_replaces_the_one_before(sync: Sync, issuer: Issuer):
    assert sync.run(ONE, TWO).applied == TWO.label
    assert sync.models(issuer.token("search-api")) == ["other"]


def test_envoy_starts_before_the_first_policy_and_refuses_everything(tmp_path: Path, issuer: Issuer):
    with Edge(tmp_path, ISSUER, issuer.jwks_url, free_port()) as edge:
        PolicySync(
            Sync(edge, tmp_path).settings,
            EnvoyAdmin(edge.settings.admin_socket),
            SnapshotHistory(tmp_path / "history"),
            StatusFile(tmp_path / "status.json"),
        ).prepare()
        edge.start(ready=503)
        headers = {"authorization": f"Bearer {issuer.token('search-api')}"}
        answer = httpx.post(f"{edge.url}/v1/messages", json={"model": "fast"}, headers=headers, trust_env=False)
        assert answer.status_code == 503


def test_a_gone_policy_takes_its_credentials_along(sync: Sync):
    sync.run(ONE, TWO)
    before = render_policy(ONE, sync.edge.settings, SECRETS).secrets[sync.edge.settings.secrets_file.name]
    assert b"sk-two" in before
    assert "sk-two" not in sync.edge.settings.secrets_file.read_text()


@pytest.mark.parametrize("broken", [broken_policy, broken_clusters])
def test_what_envoy_rejects_is_reported_and_the_last_good_policy_stays(
    sync: Sync, issuer: Issuer, broken: Callable[..., PolicyFiles]
):
    sync.run(ONE)
    sync.render = lambda snapshot, *rest: (broken if snapshot.version == TWO.version else render_policy)(
        snapshot, *rest
    )
    status = sync.run(ONE, TWO)
    assert status.rejected is not None
    assert status.rejected.label == TWO.label
    assert status.applied == ONE.label
    assert sync.models(issuer.token("search-api")) == ["fast"]


def test_after_a_rejection_the_files_on_disk_are_the_last_good_ones(sync: Sync):
    sync.render = lambda snapshot, *rest: (broken_policy if snapshot.version == 2 else render_policy)(snapshot, *rest)
    sync.run(ONE, TWO)
    assert sync.edge.settings.ecds_file.read_bytes() == render_policy(ONE, sync.edge.settings, SECRETS).policy


@pytest.mark.parametrize("damaged", [b"", b"{", ONE.to_json()[:-9], TWO.to_json().replace(b"other", b"evil!")])
def test_a_damaged_snapshot_changes_nothing(sync: Sync, issuer: Issuer, damaged: bytes):
    status = sync.run(ONE, damaged)
    assert status.applied == ONE.label
    assert status.rejected is not None
    assert sync.models(issuer.token("search-api")) == ["fast"]


def test_a_good_snapshot_after_a_rejected_one_clears_the_rejection(sync: Sync):
    status = sync.run(ONE, b"{", TWO)
    assert (status.applied, status.rejected) == (TWO.label, None)
