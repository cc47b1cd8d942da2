"""Brings the parts of a local gateway up. In: what they are, and their ports. Out: parts that run, side by side, but
each after those whose ports it has to know.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from gwctl.edge.settings import MEBIBYTE, EdgeSettings
from gwctl.local.issuer.clients import ensure_connection
from gwctl.local.supervisor.aws import Aws
from gwctl.local.supervisor.keeper import Part, PartFailedError
from gwctl.local.supervisor.live_policy import LivePolicy
from gwctl.local.supervisor.options import UpOptions
from gwctl.local.supervisor.ports import Ports, require_free
from gwctl.local.supervisor.stack import Stack, issuer_url, local_url

PORT_TRIES: Final = 3


@dataclass(frozen=True)
class Startup:
    """One start. `keep` starts a part and returns when it is well, or raises PartFailedError."""

    options: UpOptions
    stack: Stack
    policy: LivePolicy
    ports: Ports
    keep: Callable[[Part], Awaitable[None]]

    async def run(self, aws: Aws | None) -> None:
        """Start everything; without `aws`, one of its own too. Raises UserError, for example PartFailedError."""
        coming = asyncio.create_task(self._own_aws() if aws is None else _at_once(aws))
        try:
            await self._start_parts(coming)
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _own_aws(self) -> Aws:
        await self._bring_up("aws", self.stack.own_aws)
        return Aws.own(local_url(self.ports["aws"]), self.stack.keys.aws)

    async def _start_parts(self, aws: "asyncio.Task[Aws]") -> None:
        options, stack, policy, ports = self.options, self.stack, self.policy, self.ports
        await together(
            self._bring_up("issuer", stack.issuer, fixed=options.token_port),
            self._bring_up("sample", stack.sample),
            self._bring_up("gateway", lambda port: stack.gateway(port, policy.trusted_hosts)),
            _done(aws),
        )
        issuer = ports["issuer"]
        ensure_connection(stack.data, local_url(options.port), local_url(options.admin_port), issuer_url(issuer))
        policy.load(ports["sample"])
        policy.write_secrets()
        admin = stack.admin(options.admin_port, aws.result(), issuer, policy.providers)
        await together(self._bring_up_admin(admin), self._bring_up_edge(aws.result()))

    async def _bring_up_admin(self, part: Part) -> None:
        await self._keep_on_fixed_port(part, self.options.admin_port, "--admin-port")
        await self.policy.publish(self.stack.keys.file)

    async def _bring_up_edge(self, aws: Aws) -> None:
        await self._bring_up("agent", lambda port: self.stack.agent(self._edge_settings(port), aws))
        edge = self.stack.edge(self._edge_settings(self.ports["agent"]))
        await self._keep_on_fixed_port(edge, self.options.port, "--port")

    def _edge_settings(self, scanner_port: int) -> EdgeSettings:
        limit = self.options.max_request_mib * MEBIBYTE
        issuer, gateway = self.ports["issuer"], self.ports["gateway"]
        return self.stack.edge_settings(self.options.port, issuer, gateway, scanner_port, limit)

    async def _bring_up(self, name: str, make: Callable[[int], Part], *, fixed: int | None = None) -> None:
        """Start a part on its port; on another one if somebody else took that in the meantime."""
        tries = PORT_TRIES
        while tries:
            tries -= 1
            try:
                await self.keep(make(self.ports.choose(name, fixed=fixed)))
                break
            except PartFailedError as error:
                if fixed or not error.port_taken or not tries:
                    raise
                self.ports.forget(name)

    async def _keep_on_fixed_port(self, part: Part, port: int, option: str) -> None:
        try:
            await self.keep(part)
        except PartFailedError as error:
            if error.port_taken:
                require_free(port, option)
            raise


async def together(*work: Coroutine[Any, Any, None]) -> None:
    """Await all; when one fails, the others are cancelled and its exception is raised alone."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _at_once(aws: Aws) -> Aws:
    return aws


async def _done(task: "asyncio.Task[Aws]") -> None:
    await task
