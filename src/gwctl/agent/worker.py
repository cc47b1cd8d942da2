"""The agent's parts, side by side: policy to Envoy, usage log to events, reservations, events to where they are kept.

In: settings, and the agent's identity. No part waits for another; a bug in one ends the agent, which is started again.
"""

import asyncio
import logging
import shutil
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from gwctl.agent.metering.gate import Gate
from gwctl.agent.metering.lost_requests import Note, is_noted
from gwctl.agent.metering.meter import Metering
from gwctl.agent.metering.notes import GatewayNotes
from gwctl.agent.policy.circuits import Circuits
from gwctl.agent.policy.envoy_admin import EnvoyAdmin, EnvoyUnavailableError
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.policy.secrets import secrets_of
from gwctl.agent.policy.snapshot_source import SnapshotSource
from gwctl.agent.policy.sync import PolicySync
from gwctl.agent.reserve.identity import Identity
from gwctl.agent.reserve.part import QuotaPart
from gwctl.agent.reserve.tidying import Tidying
from gwctl.agent.scan_server import ScanServer
from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.backoff import pause
from gwctl.agent.sinks.changes import ChangeCopier
from gwctl.agent.sinks.metrics import Age, Behind, Metrics
from gwctl.agent.sinks.shipper import EventShipper
from gwctl.agent.sinks.thresholds import Thresholds
from gwctl.agent.status import StatusFile
from gwctl.agent.stores import stores_of
from gwctl.core.file_watcher import FileWatch, FileWatcher
from gwctl.edge.usage_log.line import UsageLine
from gwctl.policy.snapshot import Snapshot, SnapshotError

log = logging.getLogger("gwctl.agent")

POLICY_SECONDS = 0.1
USAGE_SECONDS = 0.1
WATCH_SECONDS = 0.25
IDLE_SECONDS = 1.0
"""How long each of them sleeps when there is nothing to do, unless it is woken."""
ENVOY_WATCH_SECONDS = 2.0
RETRY_SECONDS = 1.0
LOST_SECONDS = 60.0
"""For so long after a line was lost quotas that block refuse: there will be more."""
DRAIN_SECONDS = 5.0


class Agent:
    """Owns what the parts share: the snapshots of late, the status, Envoy's admin interface."""

    def __init__(self, settings: AgentSettings, identity: Identity) -> None:
        self._settings = settings
        self._admin = EnvoyAdmin(settings.edge.admin_socket)
        self._status = StatusFile(settings.status_path)
        status = self._status.status
        self._history = SnapshotHistory(settings.history_dir)
        stores = stores_of(settings)
        source = SnapshotSource(settings, self._status, stores.snapshot) if stores.snapshot else None
        secrets = secrets_of(settings, self._status)
        self._thresholds = Thresholds(settings)
        self._quotas = QuotaPart(
            settings, stores.quotas, identity, self._history.find, status.quotas, self._thresholds.notify
        )
        self._circuits = Circuits(self._history.find)
        self._policy = PolicySync(
            settings,
            self._admin,
            self._history,
            self._status,
            on_snapshot=self._put_in_force,
            secrets=secrets,
            open_targets=self._circuits.open_targets,
        )
        self._notes = GatewayNotes(settings.gateway_notes_path, settings.events_file)
        self._metering = Metering(settings, self._history, status.usage, self._observe, self._notes.was_called)
        self._shipper = EventShipper(settings, status.shipping, identity.agent, stores)
        self._sources = [each for each in (source, secrets) if each]
        quotas = self._quotas
        self._metrics = Metrics(
            settings,
            self._history.find,
            policy_age=Age(lambda: source.confirmed) if source else lambda: None,
            lags=[
                lambda: self._shipper.lag_seconds,
                *([Behind(lambda: quotas.read, lambda: quotas.flushed)] if settings.has_ledger else []),
            ],
        )
        self._chores: list[ChangeCopier | Tidying] = [ChangeCopier(settings, identity.agent, stores)]
        if stores.quotas and stores.claims:
            in_force = lambda: self._quotas.in_force  # noqa: E731
            self._chores.append(Tidying(stores.quotas, stores.claims, identity.agent, in_force, expiry=stores.expiry))
        self._gate = Gate(settings.edge.pressure_file)
        self._scanner = ScanServer.of(settings.edge)
        self._lost = 0
        self._lost_until = 0.0
        self._asked_envoy_at = 0.0
        self._idle = False  # the usage log was read to its end, and nothing waits

    async def run(self, stopping: asyncio.Event) -> None:
        """Works until `stopping` is set; then what the usage log holds is still turned into events and settled."""
        await self._scanner.start()
        self._policy.prepare()
        self._take_last_good_policy()
        await self._quotas.start()
        self._status.publish()
        watcher = FileWatcher()
        policy = watcher.watch([self._settings.policy_file, self._settings.secrets_path])
        lines = watcher.watch([self._settings.edge.usage_log, self._settings.gateway_notes_path])
        parts = [
            # Cancelled in the end: what they were about to fetch or to write, the next run does.
            asyncio.create_task(self._follow_policy(policy, stopping), name="policy"),
            *(asyncio.create_task(each.run(stopping), name=type(each).__name__) for each in self._sources),
        ]
        # Never cancelled: a step that runs in its thread would go on there, beside the last one.
        parts_to_the_end: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._follow_usage(lines, policy, stopping), name="usage"),
            asyncio.create_task(self._quotas.run(stopping), name="quotas"),
            asyncio.create_task(self._keep_watch(stopping), name="watch"),
            asyncio.create_task(self._shipper.run(stopping), name="shipper"),
            asyncio.create_task(self._thresholds.run(stopping), name="thresholds"),
            asyncio.create_task(self._metrics.run(stopping), name="metrics"),
            *(asyncio.create_task(each.run(stopping), name=type(each).__name__) for each in self._chores),
        ]
        stop = asyncio.create_task(stopping.wait(), name="stop")
        everything: list[asyncio.Task[Any]] = [*parts, *parts_to_the_end, stop]
        await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
        by_a_bug = [] if stopping.is_set() else [task for task in (*parts, *parts_to_the_end) if task.done()]
        stopping.set()
        lines.wake()
        for task in parts:
            task.cancel()
        await asyncio.gather(*everything, return_exceptions=True)
        watcher.close()
        for task in by_a_bug:
            task.result()  # raises: the process ends with it
        await self._finish()

    async def _finish(self) -> None:
        committed = False
        for _ in range(2):  # what the usage log lacks is added to it when all the rest is committed
            await self._usage(ending=True)
            await self._quotas.stop()
            committed = await asyncio.to_thread(self._metering.commit, self._quotas.flushed)
        await self._shipper.drain(DRAIN_SECONDS)
        await self._quotas.end(everything_is_committed=committed)
        self._report()
        await self._scanner.close()
        await self._admin.close()

    def _take_last_good_policy(self) -> None:
        """Its quotas say which leases a former life may have left."""
        try:
            snapshot = Snapshot.from_json(self._settings.policy_file.read_bytes())
        except (OSError, SnapshotError):
            return  # `policy` says what is wrong with it
        self._history.add(snapshot)
        self._put_in_force(snapshot)

    def _put_in_force(self, snapshot: Snapshot) -> None:
        self._quotas.put_in_force(snapshot)
        self._circuits.put_in_force(snapshot)

    def _observe(self, line: UsageLine) -> None:
        self._notes.metered(line.id)
        self._circuits.observe(line)

    async def _follow_policy(self, files: FileWatch, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await self._policy.step()
            # Time alone closes a circuit or brings the first credentials. Lines open one: then this is woken.
            soon = self._circuits.status() or not self._status.status.applied
            await files.wait(POLICY_SECONDS if soon else IDLE_SECONDS)

    async def _follow_usage(self, files: FileWatch, policy: FileWatch, stopping: asyncio.Event) -> None:
        usage = self._status.status.usage
        while not stopping.is_set():
            before = usage.events
            await self._usage()
            if usage.events != before:
                policy.wake()
            await pause(USAGE_SECONDS, stopping)
            while self._idle and not stopping.is_set() and not self._has_news():
                await files.wait(IDLE_SECONDS)

    def _has_news(self) -> bool:
        return bool(self._metering.log.lag or self._notes.has_work or self._quotas.dead_edges)

    async def _keep_watch(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await self._watch()
            busy = self._quotas.in_flight or not self._idle or self._status.status.usage.refusing
            await pause(WATCH_SECONDS if busy else IDLE_SECONDS, stopping)

    async def _usage(self, *, ending: bool = False) -> None:
        usage = self._status.status.usage
        try:
            await asyncio.to_thread(self._notes.read)
            # Before the last lines are read: a dead edge writes none after them.
            dead = self._quotas.dead_edges
            # A disk that goes with the process is a container's: it ends after the edge, and after Portkey.
            outlived = ending and self._settings.ephemeral
            noted = self._notes.of_the_dead(lambda edge: outlived or self._quotas.is_dead(edge))
            everything = await self._read_lines() and await self._add_lines(noted, dead, outlived=outlived)
            if everything:
                self._quotas.everything_is_read()
                await asyncio.to_thread(self._notes.tidy)
            await self._rotate()
            usage.problem = None
            self._idle = everything and not (dead or noted or self._notes.pending)
        except OSError as error:
            if usage.problem is None:
                log.error("usage events cannot be written: %s", error)  # noqa: TRY400 - the disk, not the code
            usage.problem = str(error)
            self._idle = False
            await asyncio.sleep(RETRY_SECONDS)
        usage.lag_bytes = self._metering.log.lag

    async def _add_lines(self, noted: Sequence[Note], dead: AbstractSet[int], *, outlived: bool) -> bool:
        """Adds the lines that dead edges owe. True: they are committed, if there were any."""
        left = self._quotas.left_behind(dead, all_of_them=outlived)
        lines = self._notes.missing(noted, left)
        uncalled = {name for name, each in left.items() if is_noted(each)} - {note.request.id for note in noted}
        self._quotas.give_back(uncalled, at_once=outlived)
        if not lines:
            return True
        await asyncio.to_thread(self._metering.insert, lines)
        log.error("an edge died; %d of its requests are metered by what was noted of them", len(lines))
        return await self._read_lines()

    async def _read_lines(self) -> bool:
        """Meters what the usage log has. True: that was all, and it is committed."""
        to_the_end = False
        while self._quotas.takes_lines and not to_the_end:
            settlements = await asyncio.to_thread(self._metering.read)
            to_the_end = settlements is None
            if settlements is not None:
                await self._quotas.settle(settlements)
                await asyncio.to_thread(self._metering.commit, self._quotas.flushed)
        return await asyncio.to_thread(self._metering.commit, self._quotas.flushed) and to_the_end

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

    async def _watch(self) -> None:
        """Quotas that block hold only while all costs get through: what hinders that makes them refuse."""
        now = asyncio.get_running_loop().time()
        if now >= self._asked_envoy_at + ENVOY_WATCH_SECONDS:
            self._asked_envoy_at = now
            await self._look_at_envoy(now)
        lost = "Envoy could not write to the usage log" if now < self._lost_until else None
        closing = self._no_room(self._settings.min_free_bytes // 2) or lost
        self._quotas.suspend(closing or self._problem())
        self._status.status.usage.refusing = closing
        try:
            self._gate.set(closing)
        except OSError as error:
            log.error("the edge cannot be told whether to take requests: %s", error)  # noqa: TRY400 - the disk
        self._report()

    async def _look_at_envoy(self, now: float) -> None:
        try:
            lost = await self._admin.lost_writes()
        except EnvoyUnavailableError:
            return
        if lost > self._lost:
            self._lost_until = now + LOST_SECONDS
        self._lost = lost

    def _no_room(self, needed: int) -> str | None:
        free = shutil.disk_usage(folder := self._settings.edge.usage_log.parent).free
        return f"{folder} has {free:,} bytes left, and the usage log needs {needed:,}" if free < needed else None

    def _problem(self) -> str | None:
        usage = self._status.status.usage
        if usage.problem is not None:
            return f"usage events cannot be written: {usage.problem}"
        if self._shipper.full:
            return f"{self._shipper.backlog_bytes:,} bytes of usage events wait to be sent"
        return self._no_room(self._settings.min_free_bytes)

    def _report(self) -> None:
        self._quotas.report()
        self._status.status.open_targets = self._circuits.status()
        try:
            self._status.publish()
        except OSError as error:
            log.error("the status cannot be written: %s", error)  # noqa: TRY400 - the disk, not the code
