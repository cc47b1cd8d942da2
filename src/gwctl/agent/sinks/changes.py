"""Changes of the policy → the audit log. One agent of the fleet at a time copies what the admin API has recorded.

In: the admin API's records, one link of its chain for each policy version. Out: their records in the audit log, each at
least once, in order. How far it is, is in the ledger (`SentMarks`). So no function of the admin API has to send
anything within a write, and nothing is forgotten when the log is away.
"""

import asyncio
import logging
from typing import Final

from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.backoff import pause
from gwctl.agent.stores import AgentStores, Changes, stores_of
from gwctl.audit.chain import to_line
from gwctl.audit.changes import change_records
from gwctl.ledger.quotas.store import StoreUnavailable
from gwctl.policy.state import StateError
from gwctl.stores.interfaces import AuditSink, UnavailableError

log = logging.getLogger(__name__)

JOB: Final = "changes"
EVERY_SECONDS: Final = 15
BATCH: Final = 100


class ChangeCopier:
    """One for each agent. Without an audit log, or without the admin API's records, it does nothing."""

    def __init__(self, settings: AgentSettings, agent: str, stores: AgentStores | None = None) -> None:
        self._agent = agent
        stores = stores or stores_of(settings)
        self._claims = stores.claims
        self._work = _Work(stores.changes, stores.audit) if stores.changes and stores.audit else None

    async def run(self, stopping: asyncio.Event) -> None:
        """Copies, whenever it is our turn, until `stopping` is set. What is away is asked again later."""
        while not stopping.is_set():
            try:
                await asyncio.to_thread(self.step)
            except (UnavailableError, StoreUnavailable, StateError) as error:
                log.warning("changes of the policy are not in the audit log yet: %s", error)
            await pause(EVERY_SECONDS, stopping)

    def step(self) -> int | None:
        """Copies if it is our turn; how many changes, None: it is not. Raises what `run` logs."""
        if self._work is None or self._claims is None or not self._claims.claim(JOB, self._agent, EVERY_SECONDS):
            return None
        return self._work.copy()


class _Work:
    def __init__(self, changes: Changes, log: AuditSink) -> None:
        self._mark = changes.sent
        self._changes = changes.documents
        self._stream = log

    def copy(self) -> int:
        sent = first = self._mark.version()
        # Versions have no gaps: those below `sent + BATCH + 1` are the next ones, and none that is known.
        while new := [
            each for each in self._changes.records(before=sent + BATCH + 1, limit=BATCH) if each.version > sent
        ]:
            new.reverse()
            self._stream.put([to_line(record) for change in new for record in change_records(change)])
            sent = new[-1].version
            self._mark.save(sent)
        return sent - first
