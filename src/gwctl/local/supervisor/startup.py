"""Brings the parts of a local gateway up. In: what they are, and their ports. Out: parts that run, side by side, but
each after those whose ports it has to know.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from gwctl.edge.settings import MEBIBYTE, EdgeSettings
from gwctl.local.data_dir import KEPT
from gwctl.local.database import note_url, noted_url, own_url
from gwctl.local.issuer.clients import ensure_connection
from gwctl.local.ports import Ports, require_free
from gwctl.local.supervisor.aws import Aws
from gwctl.local.supervisor.keeper import Part, PartFailedError
from gwctl.local.supervisor.live_policy import LivePolicy
from gwctl.local.supervisor.options import UpOptions
from gwctl.local.supervisor.own import OwnStores, prepare
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
    say: Callable[[str], None]

    async def run(self, stores: Aws | OwnStores) -> None:
        """Start everything. Raises UserError, for example PartFailedError."""
        options, stack, policy, ports = self.options, self.stack, self.policy, self.ports
        await together(
            self._bring_up("issuer", stack.issuer, fixed=options.token_port),
            self._bring_up("sample", stack.sample),
            self._bring_up("gateway", lambda port: stack.gateway(port, policy.trusted_hosts)),
            self._prepare(stores),
        )
        issuer = ports["issuer"]
        ensure_connection(stack.data, local_url(options.port), local_url(options.admin_port), issuer_url(issuer))
        policy.load(ports["sample"])
        policy.write_secrets()
        admin = stack.admin(options.admin_port, stores, issuer, policy.providers)
        await together(self._bring_up_admin(admin), self._bring_up_edge(stores))

    async def _prepare(self, stores: Aws | OwnStores) -> None:
        """The database, unless it is a file that is there: the admin API brings that up to date by itself."""
        data = self.stack.data
        if isinstance(stores, Aws) or (stores.url == own_url(data) == noted_url(data) and data.database.exists()):
            return
        prepared = await prepare(stores, data)
        if prepared["empty"] or stores.url != noted_url(data):
            data.snapshot.unlink(missing_ok=True)  # of another store: its versions say nothing about this one's
        note_url(data, stores.url)
        if prepared["adopted"]:
            self.say(f"what an earlier version kept is in {data.database} now; {data.state / KEPT} can be deleted")

    async def _bring_up_admin(self, part: Part) -> None:
        await self._keep_on_fixed_port(part, self.options.admin_port, "--admin-port")
        await self.policy.publish(self.stack.keys.file)

    async def _bring_up_edge(self, stores: Aws | OwnStores) -> None:
        await self._bring_up("agent", lambda port: self.stack.agent(self._edge_settings(port), stores))
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
