"""The agent's part that holds quotas: identity, ledger, engine, and the socket on which the edge asks.

In: quotas of the policy in force, settlements from the usage log. Out: answers to the edge; how far the ledger is.
Until the leases of a former life are taken over, and where there is no ledger, every call is answered 503.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from gwctl.agent.quotas.engine import QuotaEngine
from gwctl.agent.quotas.identity import Identity, forget_identity
from gwctl.agent.quotas.requests import Reservation, Settlement
from gwctl.agent.quotas.settings import QuotaSettings
from gwctl.agent.reserve.bounds import Bounds
from gwctl.agent.reserve.call import Asked
from gwctl.agent.reserve.desk import ReserveDesk
from gwctl.agent.reserve.server import ReserveServer
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import QuotaStatus
from gwctl.policy.snapshot import Quota, Snapshot
from gwctl.stores.aws.quotas import DynamoQuotaStore, connect

log = logging.getLogger("gwctl.agent")

MAX_UNSETTLED_LINES = 20_000
"""So many lines may be settled in memory only. Beyond it the usage log is not read on: it is the queue."""
SETTLED_AT_ONCE = 100
"""Then the reserve calls that came meanwhile get their turn."""
STOP_SECONDS = 5.0


class QuotaPart:
    """`find` gives the snapshot with a label. All methods belong to the thread of the event loop."""

    def __init__(
        self,
        settings: AgentSettings,
        identity: Identity,
        find: Callable[[str | None], Snapshot | None],
        status: QuotaStatus,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._status = status
        self._quotas: Mapping[str, Quota] = {}
        self._desk = ReserveDesk(Bounds(find))
        socket = settings.edge.reserve_socket
        self._server = ReserveServer(socket, self._desk) if socket else None
        self._ready = asyncio.Event()
        self.engine: QuotaEngine | None = None
        """None without a ledger."""
        if settings.tables is not None:
            quota_settings = QuotaSettings(wait=settings.quota_wait_seconds)
            client = connect(settings.region, connections=quota_settings.writes_at_once)
            store = DynamoQuotaStore(client, settings.tables.ledger)
            self.engine = QuotaEngine(store, identity.agent, identity.writer, settings=quota_settings)
            self.engine.on_aged(_report_aged)
            self._desk.why_not = "The agent is starting."
        status.agent = identity.agent

    def put_in_force(self, snapshot: Snapshot) -> None:
        """Takes the quotas of a snapshot; to be called before the edge enforces it."""
        if self.engine is not None and snapshot.quotas != self._quotas:
            self.engine.set_quotas(snapshot.quotas)
        self._quotas = snapshot.quotas

    @property
    def in_force(self) -> Mapping[str, Quota]:
        """The quotas of the policy in force, by id."""
        return self._quotas

    async def start(self) -> None:
        """Begins to answer the edge. Raises OSError when the socket cannot be made."""
        if self._server is not None:
            await self._server.start()

    async def run(self, stopping: asyncio.Event) -> None:
        """Takes over former leases, then keeps them until `stopping` is set. An exception is a bug."""
        if self.engine is None:
            await stopping.wait()
            return
        stop = asyncio.create_task(stopping.wait())
        work = asyncio.create_task(self._work(self.engine))
        await asyncio.wait([stop, work], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if work.done():
            work.result()
        work.cancel()
        await asyncio.gather(stop, work, return_exceptions=True)

    async def _work(self, engine: QuotaEngine) -> None:
        if not self._identity.fresh:
            await engine.recover()
        self._desk.engine = engine
        self._ready.set()
        await engine.run()

    @property
    def takes_lines(self) -> bool:
        """Whether more lines of the usage log may be settled now."""
        if self.engine is None:
            return True
        return self._ready.is_set() and self.engine.backlog < MAX_UNSETTLED_LINES

    @property
    def flushed(self) -> int | None:
        """The checkpoint may move past the line at this position; None: as far as it likes."""
        return None if self.engine is None else self.engine.flushed

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Counts what requests did cost."""
        if self.engine is None:
            return
        for start in range(0, len(settlements), SETTLED_AT_ONCE):
            for settlement in settlements[start : start + SETTLED_AT_ONCE]:
                _settle(self.engine, settlement)
            await asyncio.sleep(0)

    @property
    def dead_edges(self) -> AbstractSet[int]:
        """Processes of edges that have ended and were not given up on."""
        return self._server.dead_edges() if self._server else frozenset()

    def is_dead(self, edge: int) -> bool:
        """Whether the edge with this process has ended. In a container of its own nobody can see that from here."""
        return self._server is not None and not self._settings.ephemeral and self._server.is_dead(edge)

    def give_up_on(self, edges: AbstractSet[int]) -> Sequence[Reservation]:
        """Settles, at their bound, the reservations of dead edges; the usage log was read to its end."""
        if self._server is not None:
            self._server.forget(edges)
        if self.engine is None:
            return ()
        return self.engine.settle_lost(lambda note: isinstance(note, Asked) and note.edge in edges)

    def suspend(self, problem: str | None) -> None:
        """Says why quotas that block cannot be held at this moment, so that they refuse; None: they can."""
        if problem != self._status.problem:
            if problem:
                log.error("quotas that block refuse everything: %s", problem)
            else:
                log.warning("quotas that block work again")
        self._status.problem = problem
        if self.engine is not None:
            self.engine.suspended = problem is not None

    def report(self) -> None:
        """Brings the status up to date."""
        status, engine = self._status, self.engine
        if engine is None:
            return
        counters = engine.counters
        status.ready = self._ready.is_set()
        status.granted = counters.granted
        status.refused = counters.refused_exhausted + counters.refused_reserved + counters.refused_too_large
        status.unavailable = counters.refused_unavailable
        status.in_flight = engine.in_flight
        status.unsettled_lines = engine.backlog
        status.failed_writes = counters.writes_failed
        status.aged = counters.aged
        status.overshoot_nano_usd = counters.overshoot_nano_usd

    async def stop(self) -> None:
        """Answers nobody any more and settles what there is, for a few seconds. Then `commit`, then `end`."""
        if self._server is not None:
            await self._server.close()
        if self.engine is not None and self._ready.is_set() and not await self.engine.stop(STOP_SECONDS):
            log.warning("the ledger did not take everything; the next start goes on with it")

    async def end(self, *, everything_is_committed: bool) -> None:
        """Closes the leases if nobody will come back for them, and ends the threads."""
        if self.engine is None:
            return
        done = everything_is_committed and self._ready.is_set() and not self.engine.in_flight
        if self._settings.ephemeral and done:
            # First the name, then the leases: an agent that found its own leases closed could hand nothing out.
            forget_identity(self._settings.state_dir)
            await self.engine.retire()
        self.engine.close()


def _settle(engine: QuotaEngine, settlement: Settlement) -> None:
    try:
        engine.settle(settlement)
    except ValueError as error:
        # The receipt is the agent's own and the counts were checked: somebody wrote into the log. The rest counts.
        log.error("request %s: %s", settlement.request_id, error)  # noqa: TRY400  the message says it all
        engine.settle(
            Settlement(
                settlement.request_id,
                {unit: min(max(count, 0), 10**18) for unit, count in settlement.actual.items()},
                settlement.position,
                scopes=settlement.scopes,
                started=settlement.started,
            )
        )


def _report_aged(request_id: str) -> None:
    log.warning("request %s never appeared in the usage log; it counts at its bound", request_id)
