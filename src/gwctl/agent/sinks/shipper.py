"""Ships usage events: each at least once to the audit log, exactly once into the usage table.

In: the file of usage events, as far as it is committed (`events`). Out: records in the audit log (`lanes`), sums
of usage, the chain's head in the ledger now and then (`heads`); and a status. The two lanes do not wait for each
other. What cannot be sent stays on disk and is tried again, more and more seldom. Parts that everybody has are deleted,
but for the newest `KEPT_BYTES`: with the current file they are the record that a person can look at.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Final

from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.backoff import Backoff, pause
from gwctl.agent.sinks.events import NOTHING, Committed, EventQueue, committed_in
from gwctl.agent.sinks.lanes import AuditLane, Lane, UsageLane
from gwctl.agent.sinks.status import ShippingStatus
from gwctl.agent.stores import AgentStores, stores_of
from gwctl.audit.chain import EMPTY
from gwctl.stores.interfaces import UnavailableError

log = logging.getLogger(__name__)

PACE_SECONDS: Final = 1.0
"""How often a lane looks for events; with more than one call's worth it does not wait."""

HEAD_SECONDS: Final = 30.0
KEPT_BYTES: Final = 64 * 1024 * 1024


class EventShipper:
    """One for each agent. `agent` is its name (`identity`): its part of the audit log, and its position in the sums."""

    def __init__(
        self,
        settings: AgentSettings,
        status: ShippingStatus,
        agent: str,
        stores: AgentStores | None = None,
        *,
        kept_bytes: int = KEPT_BYTES,
        pace: float = PACE_SECONDS,
    ) -> None:
        self._agent = agent
        self._status = status
        self._checkpoint = settings.checkpoint_path
        self._bound = settings.max_backlog_bytes
        self._kept = kept_bytes
        self._pace = pace
        self._queue = EventQueue(settings.events_file)
        self._committed = NOTHING
        stores = stores or stores_of(settings)
        self._audit, self._lanes = _lanes(settings, self._queue, agent, stores)
        self._heads = stores.heads
        self._published = EMPTY
        self._published_at = 0.0

    @property
    def backlog_bytes(self) -> int:
        """Bytes of events that not every sink has. From `max_backlog_bytes` on quotas that block have to refuse."""
        positions = [lane.position or 0 for lane in self._lanes]
        return max(0, self._committed.end - min(positions, default=self._committed.end))

    @property
    def full(self) -> bool:
        """Whether the backlog has reached its bound."""
        return self.backlog_bytes >= self._bound

    @property
    def lag_seconds(self) -> float:
        """For how long the oldest event that waits has been waiting; 0: none does."""
        since = [lane.waiting_since for lane in self._lanes if lane.waiting_since is not None]
        return monotonic() - min(since) if since else 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Works until `stopping` is set. An exception is a bug; the agent should end with it."""
        self._look()
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(self._follow(lane, stopping), name=lane.name)
            group.create_task(self._keep_house(stopping), name="events")

    async def drain(self, seconds: float) -> bool:
        """Sends what there is, for at most so long; call it after `run`. False: something is left, on disk."""
        stopping = asyncio.Event()
        deadline = asyncio.get_running_loop().call_later(seconds, stopping.set)
        self._look()
        try:
            done = await asyncio.gather(*(self._follow(lane, stopping, to_end=True) for lane in self._lanes))
        finally:
            deadline.cancel()
        await self._publish_head(now=True)
        self._report()
        return all(done)

    async def _follow(self, lane: Lane, stopping: asyncio.Event, *, to_end: bool = False) -> bool:
        backoff = Backoff()
        while not stopping.is_set():
            committed = self._look()
            if lane.position == committed.end and not to_end:  # a thread would find nothing
                await pause(self._pace, stopping)
                continue
            try:
                more = await asyncio.to_thread(lane.step, committed)
            except (UnavailableError, OSError) as error:
                wait = backoff.failed()
                if self._status.problems.get(lane.name) != str(error):
                    log.warning("%s: %s; it is tried again", lane.name, error)
                self._status.problems[lane.name] = str(error)
                self._report()
                await pause(wait, stopping)
            else:
                backoff.worked()
                self._status.problems.pop(lane.name, None)
                self._report()
                if not more and to_end:
                    return True
                if not more:
                    await pause(self._pace, stopping)
        return False

    async def _keep_house(self, stopping: asyncio.Event) -> None:
        tidied = None
        while not stopping.is_set():
            sent = min((lane.position or 0 for lane in self._lanes), default=self._look().end)
            if tidied != (tidied := (sent, self._committed.end)):
                await asyncio.to_thread(self._queue.delete, sent, self._committed, self._kept)
            await self._publish_head()
            self._report()
            await pause(self._pace, stopping)

    async def _publish_head(self, *, now: bool = False) -> None:
        if self._audit is None or self._heads is None:
            return
        head = self._audit.head
        due = now or monotonic() >= self._published_at + HEAD_SECONDS
        if head == self._published or not due:
            return
        self._published_at = monotonic()
        try:
            await asyncio.to_thread(self._heads.publish, self._agent, head, self._audit.time)
        except UnavailableError as error:
            log.warning("the audit chain's head is not written down: %s", error)
        else:
            self._published = head

    def _look(self) -> Committed:
        try:
            self._committed = committed_in(self._checkpoint)
        except (OSError, ValueError, LookupError) as error:
            log.error("%s cannot be read: %s", self._checkpoint, error)  # noqa: TRY400 - the disk, not the code
        return self._committed

    def _report(self) -> None:
        status, full = self._status, self.full
        if full and not status.full:
            log.error("%d bytes of usage events wait to be sent: quotas that block refuse", self.backlog_bytes)
        status.backlog_bytes, status.full = self.backlog_bytes, full
        status.recorded = sum(lane.done for lane in self._lanes if lane is self._audit)
        status.summed = sum(lane.done for lane in self._lanes if lane is not self._audit)
        status.unreadable = max((lane.unreadable for lane in self._lanes), default=0)
        status.gone_bytes = max((lane.gone for lane in self._lanes), default=0)


def audit_checkpoint(state_dir: Path) -> Path:
    """The file with the audit log's position and the chain's head."""
    return state_dir / "audit-checkpoint.json"


def _lanes(
    settings: AgentSettings, queue: EventQueue, agent: str, stores: AgentStores
) -> tuple[AuditLane | None, Sequence[Lane]]:
    lanes: list[Lane] = []
    audit = None
    if stores.audit:
        audit = AuditLane(queue, stores.audit, audit_checkpoint(settings.state_dir), agent)
        lanes.append(audit)
    if stores.usage:
        lanes.append(UsageLane(queue, stores.usage, settings.state_dir / "usage-position.json", agent))
    return audit, lanes
