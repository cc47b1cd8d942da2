"""Providers' credentials in a deployment: Secrets Manager, and sessions of the role for Bedrock.

In: the names of secrets (`settings.provider_secrets`). Out: provider id → secret fields, as the edge's files want them,
read again each minute. What cannot be read keeps its last value and is named in the status, without anything of its
content.

A provider of the kind bedrock that has no secret gets a session of the role that `settings.bedrock_role_arn` names,
which may call models and nothing else. Not used locally, where the providers' keys come from the person's environment.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Final

from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import StatusFile
from gwctl.policy.snapshot import Snapshot
from gwctl.stores.aws.secrets import Fields, ProviderSecretStore, UnusableSecretError

log = logging.getLogger("gwctl.agent")

REFRESH_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 5.0


class ProviderSecrets:
    """See the module. Safe to be read while it is refreshed."""

    def __init__(self, settings: AgentSettings, status: StatusFile) -> None:
        self._settings = settings
        self._status = status
        self._store = ProviderSecretStore(settings.bedrock_role_arn, region_name=settings.region)
        self._stored: dict[str, Fields] = {}
        self._role: Fields = {}
        self._role_is_used = False
        self.generation: int | None = None
        """Another number whenever what `of` says may be something else; None until everything was read once."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Keeps them current until `stopping` is set."""
        while not stopping.is_set():
            well = await self.step()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), REFRESH_SECONDS if well else RETRY_SECONDS)

    async def step(self) -> bool:
        """Reads everything once; whether all could be read."""
        problems = await asyncio.to_thread(self._refresh)
        status = self._status.status
        if problems != status.secrets:
            for problem in problems:
                log.error("%s", problem)
            status.secrets = problems
            self._status.publish()
        return not problems

    def of(self, snapshot: Snapshot) -> dict[str, Fields]:
        """The credentials of a snapshot's providers. May ask for a role's session: not for the event loop."""
        found = {name: self._stored[name] for name in snapshot.providers if name in self._stored}
        without = [p.id for p in snapshot.providers.values() if p.kind == "bedrock" and p.id not in found]
        if without and not self._role_is_used:
            self._role_is_used = True
            self._role = self._role_credentials()
        return found | {name: self._role for name in without if self._role}

    def _refresh(self) -> tuple[str, ...]:
        stored, problems = dict(self._stored), list[str]()
        for provider, name in sorted(self._settings.provider_secrets.items()):
            try:
                stored[provider] = self._store.read(name)
            except UnusableSecretError as error:
                kept = "its last value stays" if provider in stored else "its requests will fail"
                problems.append(f"the secret {name} of provider {provider} {error}; {kept}")
        role = self._role_credentials() if self._role_is_used else self._role
        if self._role_is_used and not role:
            problems.append("the role for Bedrock has no credentials; requests to Bedrock will fail")
        role = role or self._role
        if self.generation is None or (stored, role) != (self._stored, self._role):
            self._stored, self._role = stored, role
            self.generation = time.monotonic_ns()
        return tuple(problems)

    def _role_credentials(self) -> Fields:
        try:
            return self._store.role_credentials()
        except UnusableSecretError as error:
            log.error("the role for Bedrock: %s", error)  # noqa: TRY400 - the role, not the code
            return {}
