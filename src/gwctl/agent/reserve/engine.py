"""The quota engine: runs the book on asyncio, sends its writes to the ledger in threads, and wakes whoever waits.

In: a `QuotaStore`, quotas, and for each request `reserve`, later `settle` or `cancel`. Out: `Reservation` or
`Refusal`. All behaviour is in `gwctl.ledger.quotas`; here are only the loop, the threads and the futures.

The worked example of `gwctl.ledger.quotas`: in step 1 `reserve` suspends for the few milliseconds of one write; if A
had $0.40 free, it would not suspend at all. In step 3 it suspends until step 4 makes room, or for 1.5 s. After the
crash of step 5, `recover` reads B's lease of $0.50 back, and until it has, B answers nobody.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from gwctl.agent.reserve.journal import InFlight
from gwctl.ledger.quotas.book import QuotaBook
from gwctl.ledger.quotas.lease import AgentLease
from gwctl.ledger.quotas.reservation import Amounts, Counters, Decision, Refusal, Reservation, Settlement
from gwctl.ledger.quotas.settings import Clock, QuotaSettings
from gwctl.ledger.quotas.store import Outcome, QuotaStore, StoreUnavailable
from gwctl.ledger.quotas.waiting import Waiter
from gwctl.ledger.quotas.writes import LedgerWrites, Notice
from gwctl.policy.snapshot import Quota

log = logging.getLogger(__name__)

TICK_SECONDS = 0.05
IDLE_SECONDS = 1.0
RECOVER_SECONDS = 1.0
DEFAULT_SETTINGS = QuotaSettings()
DEFAULT_CLOCK = Clock()


class QuotaEngine:
    """One for each agent. All methods belong to the thread of the event loop.

    `agent` and `writer` are of `identity`. Order of calls: `set_quotas`, `recover` unless the identity is fresh, then
    `run` as a task for as long as the agent lives; in the end `stop`, perhaps `retire`, and `close`.
    """

    why_not = ""
    """Nothing hinders it from reserving."""

    def __init__(
        self,
        store: QuotaStore,
        agent: str,
        writer: str,
        *,
        settings: QuotaSettings = DEFAULT_SETTINGS,
        clock: Clock = DEFAULT_CLOCK,
        threads: Executor | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._writes = LedgerWrites(agent, writer, settings, clock)
        self._book = QuotaBook(self._writes, settings, clock)
        self._threads = threads or ThreadPoolExecutor(settings.writes_at_once, thread_name_prefix="ledger")
        self._owns_threads = threads is None
        self._woken = False
        self._sleeps = False
        """`run` has nothing to do but to wait that something happens."""
        self._happened = asyncio.Event()
        self.on_threshold: Callable[[Notice], None] = lambda _: None
        """Is told a threshold that this agent, and no other, has to make known. Must not block or raise."""

    @property
    def counters(self) -> Counters:
        """What happened since the start; for metrics."""
        return self._book.counters

    @property
    def flushed(self) -> int:
        """Every line of the usage log up to this position is in the ledger: the checkpoint may move there."""
        return self._book.flushed

    @property
    def backlog(self) -> int:
        """How many lines, at most, are settled in memory only. Bound it: stop reading the usage log meanwhile."""
        return self._book.position - self._book.flushed

    @property
    def in_flight(self) -> int:
        """How many reservations are held in memory."""
        return self._book.in_flight

    def tell(self, *, ended: Callable[[str], None], aged: Callable[[str], None]) -> None:
        """`ended` is told what `QuotaBook.on_ended` is, `aged` what `on_aged` is."""
        self._book.on_ended, self._book.on_aged = ended, aged

    def set_quotas(self, quotas: Mapping[str, Quota]) -> None:
        """Puts the quotas of a policy snapshot in force, by id."""
        self._book.set_quotas(quotas)
        self._wake_for_work()

    async def reserve(
        self, request_id: str, scopes: tuple[str, ...], bounds: Amounts, deadline: float = math.inf
    ) -> Reservation | Refusal:
        """Takes the bounds out of every quota that covers the scopes, or out of none.

        Does not suspend when the leases in hand decide it. Otherwise waits for the ledger: not longer than the wait
        bound, nor than the monotonic clock says `deadline`. Cancelling it gives everything back. `bounds` has an
        amount for each unit; ValueError for absurd ones.
        """
        answer = self.reserve_or_wait(request_id, scopes, bounds, deadline)
        if not isinstance(answer, Waiter):
            return answer
        future: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        answer.callbacks.append(partial(_resolve, future))
        try:
            return await future
        except asyncio.CancelledError:
            self.cancel(request_id)
            raise

    def reserve_or_wait(
        self, request_id: str, scopes: tuple[str, ...], bounds: Amounts, deadline: float = math.inf
    ) -> Reservation | Refusal | Waiter:
        """As `reserve`, without a future: where that would suspend, a `Waiter` comes back that calls its callbacks.

        Whoever loses interest in the waiter calls `cancel`.
        """
        answer = self._book.reserve(request_id, scopes, bounds, deadline)
        self._wake_for_work()
        return answer

    @property
    def suspended(self) -> bool:
        """While true every quota that blocks refuses as if the ledger were down: its costs could not be kept."""
        return self._book.suspended

    @suspended.setter
    def suspended(self, suspended: bool) -> None:
        self._book.suspended = suspended

    def settle(self, settlement: Settlement) -> None:
        """Replaces a reservation by what the request did cost. To be called for each line of the usage log, in order.

        Repeating a line changes nothing. ValueError for absurd costs; then nothing was changed.
        """
        self._book.settle(settlement)
        self._wake_for_work()

    def cancel(self, request_id: str) -> None:
        """The request did not go on and cost nothing."""
        self._book.cancel(request_id)
        self._wake_for_work()

    @property
    def reservations(self) -> list[Reservation]:
        """All that have not ended."""
        return self._book.reservations

    async def recover(self, in_flight: Sequence[InFlight] = ()) -> None:
        """Takes over the leases that this agent had before it was restarted. Repeats until the ledger answers.

        What they had out is reserved for the requests that are known to be in flight, and the rest held back: as lines
        appear in the usage log it is used up, and what is left is given back by `release_held`, or after the maximal
        age.
        """
        keys = [*self._book.recovery_keys(), *(key for entry in in_flight for key, _ in entry.parts)]
        while True:
            try:
                states = await asyncio.get_running_loop().run_in_executor(self._threads, self._store.read, keys)
            except StoreUnavailable as error:
                log.warning("leases from before the restart cannot be read yet: %s", error)
                await asyncio.sleep(RECOVER_SECONDS)
            else:
                self._writes.recover(states)
                break
        for entry in in_flight:
            age = self._clock.wall() - entry.made_at
            self._book.restore(entry.asked.call.id, entry.parts, entry.bounds, age, entry.asked)

    def release_held(self) -> None:
        """No request from before the restart is in flight any more, and the usage log was read to its end."""
        self._writes.release_held()
        self._wake_for_work()

    async def run(self) -> None:
        """Keeps time until it is cancelled. An exception here is a bug; the agent should end with it."""
        while True:
            self._book.tick()
            self._step()
            await self._until_due()

    async def _until_due(self) -> None:
        if self._book.in_flight or self._book.somebody_waits or not self._writes.drained:
            await asyncio.sleep(TICK_SECONDS)
            return
        self._happened.clear()
        self._sleeps = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._happened.wait(), IDLE_SECONDS)
        self._sleeps = False

    async def stop(self, seconds: float = 5.0) -> bool:
        """Settles everything and gives all idle leases back. False if the ledger did not let it, in that time.

        Requests in flight keep their leases: the next life of this agent finds them.
        """
        self._writes.stopping = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not self._writes.drained and loop.time() < deadline:
            self._book.tick()
            self._step()
            await asyncio.sleep(TICK_SECONDS)
        return self._writes.drained

    async def retire(self) -> None:
        """Closes the leases of an agent that will never come back, so that nobody has to reconcile them.

        To be called after `stop`, once the usage log's checkpoint is where `flushed` says. A lease that cannot be
        closed now is left as it is.
        """
        loop = asyncio.get_running_loop()
        writes = [loop.run_in_executor(self._threads, self._store.swap, swap) for swap in self._writes.closing()]
        for outcome in await asyncio.gather(*writes, return_exceptions=True):
            if isinstance(outcome, BaseException):
                log.warning("a lease could not be closed and will have to be reconciled: %s", outcome)

    def close(self) -> None:
        """Ends the threads. Writes that are under way come through or do not: the ledger stays right."""
        if self._owns_threads:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _wake_for_work(self) -> None:
        if self._sleeps:
            self._sleeps = False
            self._happened.set()
        if self._book.has_work and not self._woken:
            self._woken = True
            asyncio.get_running_loop().call_soon(self._step)

    def _step(self) -> None:
        self._woken = False
        loop = asyncio.get_running_loop()
        for lease, swap in self._book.step():
            write = loop.run_in_executor(self._threads, self._store.swap, swap)
            write.add_done_callback(partial(self._written, lease))
        for notice in self._writes.notices():
            claim = loop.run_in_executor(self._threads, self._store.claim, notice.key, notice.threshold)
            claim.add_done_callback(partial(self._claimed, notice))

    def _written(self, lease: AgentLease, write: "asyncio.Future[Outcome]") -> None:
        if write.cancelled():
            return
        error = write.exception()
        if error is None:
            self._book.answered(lease, write.result())
        else:
            if lease.failures == 0:
                log.warning("quota %s: the ledger gave no answer: %s", lease.key, error, exc_info=_bug(error))
            self._book.failed(lease)
        self._wake_for_work()

    def _claimed(self, notice: Notice, claim: "asyncio.Future[bool]") -> None:
        if claim.cancelled():
            return
        error = claim.exception()
        if error is not None:
            log.warning("quota %s: threshold %d not claimed: %s", notice.key, notice.threshold, error)
            self._writes.unclaimed(notice)
        elif claim.result():
            self.on_threshold(notice)


def _resolve(future: "asyncio.Future[Decision]", decision: Decision) -> None:
    if not future.done():
        future.set_result(decision)


def _bug(error: BaseException) -> BaseException | None:
    """The error if a traceback is of use: StoreUnavailable says all there is to say."""
    return None if isinstance(error, StoreUnavailable) else error
