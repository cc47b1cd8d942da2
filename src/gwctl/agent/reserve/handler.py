"""Decides about one reserve call of the edge: bounds, engine, answer. No I/O.

In: the header of a call and how to answer it. Out: the answer's bytes, at once or when the engine has decided.
"""

import logging
import time
from collections.abc import Callable
from functools import partial

from gwctl.agent.reserve.answers import granted, refused, unavailable
from gwctl.agent.reserve.bounds import Bounds, UnknownVariantError
from gwctl.agent.reserve.call import Asked, ReserveCall, ReserveCallError, parse_call
from gwctl.agent.reserve.engine import QuotaEngine
from gwctl.agent.reserve.journal import ReservationJournal
from gwctl.agent.reserve.no_ledger import NoLedger
from gwctl.ledger.quotas.reservation import Decision, Refusal, Reservation
from gwctl.ledger.quotas.scopes import scopes_of
from gwctl.ledger.quotas.waiting import Waiter

log = logging.getLogger("gwctl.agent")

Answer = Callable[[bytes], None]


class ReserveHandler:
    """See the module."""

    def __init__(self, bounds: Bounds, engine: QuotaEngine | NoLedger, journal: ReservationJournal) -> None:
        self._bounds = bounds
        self._engine = engine
        self._journal = journal
        self.why_not = "The agent is starting."
        """Why every call is refused; empty: calls are decided."""

    def ask(self, header: bytes, edge: int, answer: Answer) -> str | None:
        """Answers a call now and returns None, or returns the id of a request that waits and is answered later.

        `edge` is the process that asks.
        """
        try:
            call = parse_call(header)
        except ReserveCallError as error:
            log.error("%s: %r", error, header[:500])  # noqa: TRY400  the message says it all
            answer(unavailable("openai", "The agent cannot read what the edge asks."))
            return None
        if self.why_not:
            answer(unavailable(call.shape, self.why_not))
            return None
        try:
            bounds = self._bounds.of(call)
        except UnknownVariantError as error:
            log.error("%s", error)  # noqa: TRY400  the message says it all
            answer(unavailable(call.shape, "The agent does not have the policy of this request yet."))
            return None
        asked = Asked(call, edge, header)
        decision = self._engine.reserve_or_wait(call.id, scopes_of(call.team, call.client, call.model), bounds)
        if isinstance(decision, Waiter):
            decision.callbacks.append(partial(self._tell, answer, asked))
            return call.id
        self._tell(answer, asked, decision)
        return None

    def _cap_that_fits(self, call: ReserveCall, refusal: Refusal) -> int | None:
        if refusal.reason not in ("exhausted", "too_large"):
            return None
        try:
            return self._bounds.largest_cap(call, refusal.unit, refusal.left)
        except UnknownVariantError:  # the policy has changed while it waited
            return None

    def gone(self, request_id: str) -> None:
        """Whoever asked for a request that waits has gone: it will not go on."""
        self._engine.cancel(request_id)

    def _tell(self, answer: Answer, asked: Asked, decision: Decision) -> None:
        if not isinstance(decision, Reservation):
            answer(refused(decision, asked.call.shape, time.time(), self._cap_that_fits(asked.call, decision)))
            return
        decision.note = asked
        try:
            if decision.parts:
                self._journal.opened(decision, asked)
        except OSError as error:
            log.error("the journal of reservations cannot be written: %s", error)  # noqa: TRY400 - the disk
            self._engine.cancel(asked.call.id)
            answer(unavailable(asked.call.shape, "The agent cannot note the reservation."))
        else:
            answer(granted(decision))
