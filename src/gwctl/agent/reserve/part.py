"""The agent's part that holds quotas: identity, engine, and the socket on which the edge asks.

In: quotas of the policy in force, settlements from the usage log. Out: answers to the edge; how far the ledger is.
Until the leases of a former life are taken over, and where there is no ledger, every call is answered 503.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from gwctl.agent.reserve.bounds import Bounds
from gwctl.agent.reserve.call import Asked
from gwctl.agent.reserve.engine import QuotaEngine
from gwctl.agent.reserve.handler import ReserveHandler
from gwctl.agent.reserve.identity import Identity, forget_identity
from gwctl.agent.reserve.journal import ReservationJournal
from gwctl.agent.reserve.no_ledger import NoLedger
from gwctl.agent.reserve.server import ReserveServer
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import QuotaStatus
from gwctl.ledger.quotas.reservation import Reservation, Settlement
from gwctl.ledger.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import QuotaStore
from gwctl.ledger.quotas.writes import Notice
from gwctl.policy.snapshot import Quota, Snapshot

log = logging.getLogger("gwctl.agent")

MAX_UNSETTLED_LINES = 20_000
"""So many lines may be settled in memory only. Beyond it the usage log is not read on: it is the queue."""
SETTLED_AT_ONCE = 100
"""Then the reserve calls that came meanwhile get their turn."""
STOP_SECONDS = 5.0
UNCALLED_SECONDS = 2.0
"""So long after its death Portkey may still call a provider for an edge: then it has seen that the edge is gone."""
JOURNAL_FILE = "reservations"


class QuotaPart:
    """`store` is the ledger, None: there is none. `find` gives the snapshot with a label; `on_threshold` is told what
    `QuotaEngine.on_threshold` is.

    All methods belong to the thread of the event loop.
    """

    def __init__(
        self,
        settings: AgentSettings,
        store: QuotaStore | None,
        identity: Identity,
        find: Callable[[str | None], Snapshot | None],
        status: QuotaStatus,
        on_threshold: Callable[[Notice], None],
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._status = status
        self.in_force: Mapping[str, Quota] = {}
        """The quotas of the policy in force, by id."""
        self._engine = _engine(settings, store, identity, on_threshold)
        # Whatever no journal knows of is over when the longest stream is.
        self._journal = ReservationJournal(
            settings.state_dir / JOURNAL_FILE,
            identity.agent,
            fresh=identity.fresh,
            unknown_seconds=QuotaSettings().max_age,
        )
        self._engine.tell(ended=self._journal.closed, aged=_report_aged)
        self._handler = ReserveHandler(Bounds(find), self._engine, self._journal)
        self._held = not identity.fresh
        self._uncalled: dict[str, float] = {}
        socket = settings.edge.reserve_socket
        self._servers = [ReserveServer(socket, self._handler)] if socket else []
        self._ready = asyncio.Event()
        status.agent = identity.agent

    def put_in_force(self, snapshot: Snapshot) -> None:
        """Takes the quotas of a snapshot; to be called before the edge enforces it."""
        if snapshot.quotas != self.in_force:
            self._engine.set_quotas(snapshot.quotas)
        self.in_force = snapshot.quotas

    async def start(self) -> None:
        """Begins to answer the edge. Raises OSError when the socket cannot be made."""
        for server in self._servers:
            await server.start()

    async def run(self, stopping: asyncio.Event) -> None:
        """Takes over former leases, then keeps them until `stopping` is set. An exception is a bug."""
        stop = asyncio.create_task(stopping.wait())
        work = asyncio.create_task(self._work())
        await asyncio.wait([stop, work], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if work.done():
            work.result()
        work.cancel()
        await asyncio.gather(stop, work, return_exceptions=True)

    async def _work(self) -> None:
        if not self._identity.fresh:
            in_flight = self._journal.in_flight()
            await self._engine.recover(in_flight)
            for server in self._servers:
                server.expect({entry.asked.edge for entry in in_flight if entry.asked.edge})
        self._handler.why_not = self._engine.why_not
        self._ready.set()
        await self._engine.run()

    @property
    def takes_lines(self) -> bool:
        """Whether more lines of the usage log may be settled now."""
        return self._ready.is_set() and self._engine.backlog < MAX_UNSETTLED_LINES

    @property
    def flushed(self) -> int:
        """The usage log's checkpoint may move past the line at this position."""
        return self._engine.flushed

    @property
    def in_flight(self) -> int:
        """How many reservations are held."""
        return self._engine.in_flight

    @property
    def read(self) -> int:
        """The position of the last line that was settled, here if not yet in the ledger."""
        return self._engine.flushed + self._engine.backlog

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Counts what requests did cost."""
        for start in range(0, len(settlements), SETTLED_AT_ONCE):
            for settlement in settlements[start : start + SETTLED_AT_ONCE]:
                _settle(self._engine, settlement)
            await asyncio.sleep(0)

    @property
    def dead_edges(self) -> AbstractSet[int]:
        """Processes of edges that have ended and were not given up on."""
        return {edge for server in self._servers for edge in server.dead_edges()}

    def is_dead(self, edge: int) -> bool:
        """Whether the edge with this process has ended. In a container of its own nobody can see that from here."""
        return not self._settings.ephemeral and any(server.is_dead(edge) for server in self._servers)

    def left_behind(self, edges: AbstractSet[int], *, all_of_them: bool = False) -> dict[str, Reservation]:
        """By request, what has not ended of these dead edges, or of all. Edges that left nothing are forgotten."""
        reservations = self._engine.reservations if edges or all_of_them else ()
        edge_of = {each: each.note.edge for each in reservations if isinstance(each.note, Asked)}
        for server in self._servers:
            server.forget(edges - set(edge_of.values()))
        return {each.request_id: each for each, edge in edge_of.items() if all_of_them or edge in edges}

    def give_back(self, request_ids: Iterable[str], *, at_once: bool) -> None:
        """Gives back, soon or at once, what requests of dead edges reserved for which Portkey notes no call."""
        if self._settings.gateway_notes_path is None:
            return
        now, after = time.monotonic(), 0 if at_once else UNCALLED_SECONDS
        self._uncalled = {each: self._uncalled.get(each, now) for each in request_ids}
        for request_id, since in self._uncalled.items():
            if now - since >= after:
                self._engine.cancel(request_id)

    def everything_is_read(self) -> None:
        """The usage log was read to its end: what is held for a former life's requests, and not reserved, is free."""
        if self._held and self._ready.is_set() and time.time() >= self._journal.complete_from:
            self._engine.release_held()
            self._held = False

    def suspend(self, problem: str | None) -> None:
        """Says why quotas that block cannot be held at this moment, so that they refuse; None: they can."""
        if problem != self._status.problem:
            if problem:
                log.error("quotas that block refuse everything: %s", problem)
            else:
                log.warning("quotas that block work again")
        self._status.problem = problem
        self._engine.suspended = problem is not None

    def report(self) -> None:
        """Brings the status up to date."""
        status, engine = self._status, self._engine
        counters = engine.counters
        status.ready = not self._handler.why_not
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
        for server in self._servers:
            await server.close()
        if self._ready.is_set() and not await self._engine.stop(STOP_SECONDS):
            log.warning("the ledger did not take everything; the next start goes on with it")

    async def end(self, *, everything_is_committed: bool) -> None:
        """Closes the leases if nobody will come back for them, and ends the threads."""
        done = everything_is_committed and self._ready.is_set() and not self._engine.in_flight
        if self._settings.ephemeral and done:
            # First the name, then the leases: an agent that found its own leases closed could hand nothing out.
            forget_identity(self._settings.state_dir)
            await self._engine.retire()
        self._engine.close()
        self._journal.close()


def _engine(
    settings: AgentSettings, store: QuotaStore | None, identity: Identity, on_threshold: Callable[[Notice], None]
) -> QuotaEngine | NoLedger:
    if store is None:
        return NoLedger()
    quota_settings = QuotaSettings(wait=settings.quota_wait_seconds)
    engine = QuotaEngine(store, identity.agent, identity.writer, settings=quota_settings)
    engine.on_threshold = on_threshold
    return engine


def _settle(engine: QuotaEngine | NoLedger, settlement: Settlement) -> None:
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
