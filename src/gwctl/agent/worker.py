"""The agent's two loops: policy to Envoy, usage log to events. Neither waits for the other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from gwctl.agent.envoy_admin import EnvoyAdmin, EnvoyUnavailableError
from gwctl.agent.history import SnapshotHistory
from gwctl.agent.metering import Metering
from gwctl.agent.policy_sync import PolicySync
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import StatusFile

log = logging.getLogger("gwctl.agent")

POLICY_SECONDS = 0.1
USAGE_SECONDS = 0.1
RETRY_SECONDS = 1.0


class Agent:
    """Owns what the loops share: the snapshots of late, the status, Envoy's admin interface."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._admin = EnvoyAdmin(settings.edge.admin_socket)
        self._status = StatusFile(settings.status_path)
        history = SnapshotHistory(settings.history_dir)
        self._policy = PolicySync(settings, self._admin, history, self._status)
        self._metering = Metering(settings, history, self._status.status.usage)

    async def run(self, stopping: asyncio.Event) -> None:
        """Works until `stopping` is set; then what the usage log holds is still turned into events."""
        self._policy.prepare()
        self._status.publish()
        policy = asyncio.create_task(_every(POLICY_SECONDS, self._policy.step, stopping), name="policy")
        # Never cancelled: a step that runs in its thread would go on there, beside the last one.
        usage = asyncio.create_task(_every(USAGE_SECONDS, self._usage, stopping), name="usage")
        stop = asyncio.create_task(stopping.wait(), name="stop")
        await asyncio.wait([policy, usage, stop], return_when=asyncio.FIRST_COMPLETED)
        ended_by_a_bug = [task for task in (policy, usage) if task.done() and not stopping.is_set()]
        stopping.set()
        policy.cancel()
        await asyncio.gather(policy, usage, stop, return_exceptions=True)
        for task in ended_by_a_bug:
            task.result()  # raises: the process ends with it, and whoever runs the agent starts it again
        await self._usage()
        await self._admin.close()

    async def _usage(self) -> None:
        usage = self._status.status.usage
        try:
            while await asyncio.to_thread(self._metering.step):
                pass
            await self._rotate()
            usage.problem = None
        except OSError as error:
            log.error("usage events cannot be written: %s", error)  # noqa: TRY400 - the disk, not the code
            usage.problem = str(error)
            await asyncio.sleep(RETRY_SECONDS)
        usage.lag_bytes = self._metering.log.lag
        self._status.publish()

    async def _rotate(self) -> None:
        usage_log = self._metering.log
        if usage_log.size < self._settings.max_log_bytes:
            return
        try:
            await self._admin.config_state()  # an Envoy that cannot reopen its logs must keep its file
            usage_log.rotate()
            await self._admin.reopen_logs()
        except EnvoyUnavailableError as error:
            log.warning("the usage log is not rotated: %s", error)


async def _every(seconds: float, step: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        await step()
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
