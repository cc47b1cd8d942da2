"""What stands in for the quota engine where the settings name no ledger: nothing is counted, so nothing is lost.

In: what the engine gets. Out: no reservation ever. `why_not` makes the reserve handler refuse whatever a quota covers.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from gwctl.agent.reserve.journal import InFlight
from gwctl.ledger.quotas.reservation import Amounts, Counters, Reservation, Settlement
from gwctl.policy.snapshot import Quota


class NoLedger:
    """See the module; the methods are those of `QuotaEngine`."""

    why_not = "The agent has no ledger."
    flushed = sys.maxsize
    """There is nothing to wait for: the usage log's checkpoint may move as far as was read."""
    backlog = 0
    in_flight = 0
    suspended = False

    def __init__(self) -> None:
        self.counters = Counters()

    def set_quotas(self, quotas: Mapping[str, Quota]) -> None:
        """Nothing is counted."""

    def settle(self, settlement: Settlement) -> None:
        """Nothing is counted."""

    def reserve_or_wait(self, request_id: str, scopes: tuple[str, ...], bounds: Amounts) -> NoReturn:  # noqa: ARG002
        """Is not asked: the handler refuses before."""
        raise AssertionError(self.why_not)

    def tell(self, *, ended: Callable[[str], None], aged: Callable[[str], None]) -> None:
        """Nothing is reserved."""

    def cancel(self, request_id: str) -> None:
        """Nothing waits."""

    @property
    def reservations(self) -> Sequence[Reservation]:
        """None."""
        return ()

    async def recover(self, in_flight: Sequence[InFlight] = ()) -> None:
        """There is no lease to take over."""

    def release_held(self) -> None:
        """Nothing is held."""

    async def run(self) -> None:
        """Keeps no time."""
        await asyncio.Event().wait()

    async def stop(self, seconds: float = 0) -> bool:  # noqa: ARG002
        """Everything is settled."""
        return True

    async def retire(self) -> None:
        """There is no lease to close."""

    def close(self) -> None:
        """There are no threads."""
