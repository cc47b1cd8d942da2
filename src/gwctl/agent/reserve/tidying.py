"""Keeps the ledger's windows small: now and then one agent of the fleet archives what closed leases leave behind.

In: the quotas in force. Out: closed leases that expired long ago are dropped and their spend kept (`reconcile.tidy`);
in a database also what is kept no longer.
An agent that ended in order has closed its leases itself; those of one that is gone for ever are closed by
`gwctl audit reconcile`, which may read the audit log, as no agent may.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from time import time
from typing import Final

from gwctl.agent.sinks.backoff import pause
from gwctl.ledger.quotas.reconcile import tidy
from gwctl.ledger.quotas.store import QuotaStore, StoreUnavailable, WindowKey
from gwctl.ledger.quotas.windows import Window, window_at
from gwctl.policy.snapshot import Quota
from gwctl.stores.interfaces import Claims, Expiry, UnavailableError

log = logging.getLogger("gwctl.agent")

JOB: Final = "tidy"
EVERY_SECONDS: Final = 3600
LOOK_SECONDS: Final = 300.0


class Tidying:
    """One for each agent; `quotas` gives those in force, by id."""

    def __init__(
        self,
        store: QuotaStore,
        claims: Claims,
        agent: str,
        quotas: Callable[[], Mapping[str, Quota]],
        *,
        clock: Callable[[], float] = time,
        expiry: Expiry | None = None,
    ) -> None:
        self._expiry = expiry
        self._store = store
        self._claims = claims
        self._agent = agent
        self._quotas = quotas
        self._clock = clock

    async def run(self, stopping: asyncio.Event) -> None:
        """Does the job whenever it is ours, until `stopping` is set. A ledger that is down is asked again later."""
        while not stopping.is_set():
            await pause(LOOK_SECONDS, stopping)
            if not stopping.is_set():
                try:
                    await asyncio.to_thread(self.step)
                except (StoreUnavailable, UnavailableError) as error:
                    log.warning("the ledger is not tidied: %s", error)

    def step(self) -> int | None:
        """Tidies if it is our turn; how many leases were archived, None: it is not. Raises StoreUnavailable."""
        if not self._claims.claim(JOB, self._agent, EVERY_SECONDS):
            return None
        now = self._clock()
        archived = sum(tidy(self._store, key, now) for key, _ in lasting_windows(self._quotas(), now))
        if archived:
            log.info("%d leases of agents that are gone were archived", archived)
        if self._expiry:
            self._expiry.expire(now)
        return archived


def lasting_windows(quotas: Mapping[str, Quota], now: float) -> Iterator[tuple[WindowKey, Window]]:
    """The windows of this moment that are long enough to collect leases: not those of a minute."""
    for quota_id, quota in quotas.items():
        if quota.period != "minute":
            window = window_at(quota.period, quota.timezone, now)
            yield WindowKey(quota_id, quota.unit, window.id), window
