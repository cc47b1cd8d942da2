"""Providers' credentials in a deployment: Secrets Manager, and the task role's own for Bedrock.

In: the names of secrets (`settings.provider_secrets`). Out: provider id → secret fields, as the edge's files want them,
read again each minute. A secret is a JSON object of the provider's fields (`{"api_key": "…"}`), or the key alone. What
cannot be read keeps its last value and is named in the status, without anything of its content.

A provider of the kind bedrock that has no secret gets the session credentials of the task role: they live for hours,
and boto3 renews them in good time. Not used locally, where the providers' keys come from the person's environment.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import StatusFile
from gwctl.policy.snapshot import Snapshot

log = logging.getLogger("gwctl.agent")

REFRESH_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 5.0
EMPTY: Final = "ResourceNotFoundException"

Fields = Mapping[str, str]


class _UnusableError(Exception):
    """A secret that cannot be used, and why. Nothing of its content is in the message."""


class ProviderSecrets:
    """See the module. `session` makes the boto3 session. Safe to be read while it is refreshed."""

    def __init__(
        self, settings: AgentSettings, status: StatusFile, session: Callable[[AgentSettings], Any] | None = None
    ) -> None:
        self._settings = settings
        self._status = status
        self._make_session = session or _session
        self._session: Any = None
        self._client: Any = None
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
        """The credentials of a snapshot's providers. May ask for the task role's: not for the event loop."""
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
                stored[provider] = self._read(name)
            except _UnusableError as error:
                kept = "its last value stays" if provider in stored else "its requests will fail"
                problems.append(f"the secret {name} of provider {provider} {error}; {kept}")
        role = self._role_credentials() if self._role_is_used else self._role
        if self._role_is_used and not role:
            problems.append("the task role has no credentials; requests to Bedrock will fail")
        role = role or self._role
        if self.generation is None or (stored, role) != (self._stored, self._role):
            self._stored, self._role = stored, role
            self.generation = time.monotonic_ns()
        return tuple(problems)

    def _read(self, name: str) -> Fields:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client = self._client or _client(self._boto_session())
            answer = self._client.get_secret_value(SecretId=name)
        except ClientError as error:
            response: Any = error.response
            code = response["Error"]["Code"]
            raise _UnusableError("has no value yet" if code == EMPTY else f"cannot be read ({code})") from error
        except (BotoCoreError, OSError, ValueError) as error:
            raise _UnusableError(f"cannot be read ({type(error).__name__})") from error
        return _fields(answer.get("SecretString") or "")

    def _role_credentials(self) -> Fields:
        from botocore.exceptions import BotoCoreError

        try:
            credentials = self._boto_session().get_credentials()
            frozen = credentials.get_frozen_credentials() if credentials else None
        except (BotoCoreError, OSError, ValueError) as error:
            log.error("the task role's credentials: %s", type(error).__name__)  # noqa: TRY400 - the role, not the code
            return {}
        if frozen is None:
            return {}
        fields = {
            "aws_access_key_id": frozen.access_key,
            "aws_secret_access_key": frozen.secret_key,
            "aws_session_token": frozen.token,
        }
        return {name: str(value) for name, value in fields.items() if value}

    def _boto_session(self) -> Any:
        self._session = self._session or self._make_session(self._settings)
        return self._session


def _fields(text: str) -> Fields:
    """The fields of a secret. A field that is an object itself (a key file) is handed on as its text."""
    content: Any = text.strip()
    if content.startswith("{"):
        try:
            content = json.loads(content)
        except ValueError:
            raise _UnusableError("is not a JSON object") from None
    if isinstance(content, str):
        content = {"api_key": content}
    found = {
        str(name): json.dumps(value) if isinstance(value, dict) else value
        for name, value in content.items()
        if isinstance(value, str | dict) and value
    }
    if not found:
        raise _UnusableError("is empty")
    return found


def _session(settings: AgentSettings) -> Any:
    import boto3

    return boto3.Session(region_name=settings.region)


def _client(session: Any) -> Any:
    from botocore.config import Config

    return session.client(
        "secretsmanager", config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
    )
