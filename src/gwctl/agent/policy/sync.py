"""Policy snapshot → Envoy's dynamic configuration: written file by file, and accepted or taken back.

No request falls between two policies: the credentials come before the policy that needs them. What Envoy rejects is
replaced by the last good files, so that a restart of Envoy finds them too.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gwctl.agent.policy.envoy_admin import ConfigState, EnvoyAdmin, EnvoyUnavailableError
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import Rejection, StatusFile
from gwctl.core.files import write_atomically
from gwctl.edge.breaker import OpenTargets
from gwctl.edge.render import PolicyFiles, Secrets, render_no_policy, render_policy
from gwctl.edge.settings import EdgeSettings
from gwctl.policy.snapshot import Snapshot, SnapshotError

if TYPE_CHECKING:
    from gwctl.agent.policy.provider_secrets import ProviderSecrets

log = logging.getLogger("gwctl.agent")

ACCEPT_SECONDS = 10.0
POLL_SECONDS = 0.02


class RejectedError(Exception):
    """Envoy does not take the configuration."""


@dataclass(frozen=True)
class _Seen:
    """What identifies the content of the input files without reading them, and what is left out."""

    snapshot: tuple[int, int, int] | None
    secrets: tuple[int, int, int] | int | None
    open_targets: OpenTargets


class PolicySync:
    """Follows the snapshot file, and the secrets file or, where `secrets` is given, what that has read."""

    def __init__(
        self,
        settings: AgentSettings,
        admin: EnvoyAdmin,
        history: SnapshotHistory,
        status: StatusFile,
        render: Callable[[Snapshot, EdgeSettings, Secrets, OpenTargets], PolicyFiles] = render_policy,
        on_snapshot: Callable[[Snapshot], None] = lambda _: None,
        secrets: "ProviderSecrets | None" = None,
        open_targets: Callable[[], OpenTargets] = frozenset,
    ) -> None:
        self._settings = settings
        self._admin = admin
        self._history = history
        self._status = status
        self._render = render
        self._secrets = secrets
        self._open_targets = open_targets
        """What is to be left out of the routes at this moment."""
        self._on_snapshot = on_snapshot
        """Is told a snapshot before the edge can enforce it, and the last good one again if Envoy rejects it."""
        self._good: Snapshot | None = None
        self._seen: _Seen | None = None
        self._written: PolicyFiles | None = None

    def prepare(self) -> None:
        """Writes what Envoy needs to start before there is a policy; files of an earlier run stay."""
        edge = self._settings.edge
        if not all(file.exists() for file in (edge.secrets_file, edge.cds_file, edge.keys_file, edge.ecds_file)):
            self._write(render_no_policy(edge))

    async def step(self) -> None:
        """Brings a change of the snapshot, of the secrets or of what is left out into force, if there is one."""
        settings = self._settings
        credentials = self._secrets.generation if self._secrets else _identity(settings.secrets_path)
        seen = _Seen(_identity(settings.policy_file), credentials, self._open_targets())
        if seen == self._seen or seen.snapshot is None or (self._secrets and credentials is None):
            return
        self._seen = seen
        try:
            snapshot, files = await asyncio.to_thread(self._read_and_render, seen.open_targets)
        except (SnapshotError, ValueError, OSError) as error:
            self._reject(self._status.status.snapshot or "unknown", str(error))
            return
        await self._bring_into_force(snapshot, files)

    def _read_and_render(self, open_targets: OpenTargets) -> tuple[Snapshot, PolicyFiles]:
        settings = self._settings
        secrets: Secrets = {}
        snapshot = Snapshot.from_json(settings.policy_file.read_bytes())
        if self._secrets:
            secrets = self._secrets.of(snapshot)
        elif settings.secrets_path and settings.secrets_path.exists():
            secrets = json.loads(settings.secrets_path.read_bytes())
        return snapshot, self._render(snapshot, settings.edge, secrets, open_targets)

    async def _bring_into_force(self, snapshot: Snapshot, files: PolicyFiles) -> None:
        status = self._status.status
        status.snapshot, status.missing_secrets = files.version, files.missing_secrets
        self._history.add(snapshot)  # before the edge can name it in a line of the usage log
        self._on_snapshot(snapshot)
        try:
            await self._apply(files)
        except RejectedError as error:
            self._reject(files.version, str(error))
            if self._written is not None:
                self._write(self._written)
            if self._good is not None:
                self._on_snapshot(self._good)
            return
        self._written, self._good = files, snapshot
        status.applied, status.rejected = files.version, None
        log.info("policy %s is in force", files.version)
        self._status.publish()

    async def _apply(self, files: PolicyFiles) -> None:
        try:
            before = await self._admin.config_state()
        except EnvoyUnavailableError:
            before = ConfigState.none()  # it reads the files when it starts, and says then what it thinks of them
        self._write(files)
        await self._accepted(files.version, before)

    async def _accepted(self, version: str, before: ConfigState) -> None:
        """Returns when Envoy uses this version. Raises RejectedError when it says no, or nothing for too long."""
        deadline: float | None = None
        while True:
            try:
                state = await self._admin.config_state()
            except EnvoyUnavailableError:
                deadline, before = None, ConfigState.none()  # (re)starting; its counters begin anew
                await asyncio.sleep(POLL_SECONDS * 5)
                continue
            if state.cds_rejected > before.cds_rejected:
                raise RejectedError("Envoy rejected the clusters; the edge's log says why")
            if state.ecds_rejected > before.ecds_rejected:
                raise RejectedError("Envoy rejected the policy; the edge's log says why")
            if state.warming == 0 and {state.cds_version, *state.ecds_versions} == {version}:
                return
            deadline = deadline or time.monotonic() + ACCEPT_SECONDS
            if time.monotonic() > deadline:
                raise RejectedError(f"Envoy did not take the policy within {ACCEPT_SECONDS:g} s")
            await asyncio.sleep(POLL_SECONDS)

    def _write(self, files: PolicyFiles) -> None:
        edge = self._settings.edge
        for name, content in files.secrets.items():
            write_atomically(edge.secrets_dir / name, content)
        write_atomically(edge.cds_file, files.clusters)
        write_atomically(edge.keys_file, files.keys)
        write_atomically(edge.ecds_file, files.policy)

    def _reject(self, label: str, reason: str) -> None:
        log.error("policy %s is not in force: %s", label, reason)
        self._status.status.rejected = Rejection(label=label, reason=reason)
        self._status.publish()


def _identity(path: Path | None) -> tuple[int, int, int] | None:
    if path is None:
        return None
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
