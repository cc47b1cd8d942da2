"""Requests that were served by an edge that is dead, and of which its usage log says nothing.

In: reservations that were never settled. Out: usage events. An edge that is killed takes along what was in flight, and
the lines of its last moment. Nobody knows what those requests used: they count at their bound, and so they are written.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import cast

from gwctl.agent.reserve.call import Asked
from gwctl.core.names import Api
from gwctl.edge.usage_log.line import EDGE_DIED
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.quotas.reservation import Reservation


def events_of(lost: Iterable[Reservation]) -> Iterator[UsageEvent]:
    """An event for each reservation that a request was the reason of."""
    wall, mono = time.time(), time.monotonic()
    for reservation in lost:
        if not isinstance(reservation.note, Asked):
            continue
        call = reservation.note.call
        age = mono - reservation.at
        answer = min(call.cap or 0, reservation.bounds["tokens"])
        yield UsageEvent(
            id=call.id,
            started_at=datetime.fromtimestamp(wall - age, UTC),
            duration=age,
            input_tokens=reservation.bounds["tokens"] - answer,
            output_tokens=answer,
            team=call.team,
            client=call.client,
            model=call.model,
            api=cast("Api", call.api),
            stream=bool(call.stream),
            policy=call.policy,
            status=0,
            outcome="cut",
            shadow=reservation.shadow,
            error_type=EDGE_DIED,
            estimated="cut",
            cost_nano_usd=reservation.bounds["nano_usd"],
        )
