"""Changes of the policy → the audit log. One agent of the fleet at a time copies what the admin API has recorded.

In: the admin API's audit table, which has one link of its chain for each policy version. Out: their records in
Firehose, each at least once, in order. How far it is, is in the ledger (`SentMark`). So no function
of the admin API has to send anything within a write, and nothing is forgotten when Firehose is away.
"""

import asyncio
import logging
from typing import Any, Final

from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.backoff import pause
from gwctl.audit.chain import to_line
from gwctl.audit.changes import change_records
from gwctl.ledger.quotas.store import StoreUnavailable
from gwctl.policy.state import StateError
from gwctl.stores.aws import clients
from gwctl.stores.aws.audit.sent_changes import JOB, SentMark
from gwctl.stores.aws.audit.stream import AuditStream
from gwctl.stores.aws.jobs import JobClaims
from gwctl.stores.aws.policy.documents import DynamoDocumentStore
from gwctl.stores.interfaces import UnavailableError

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 15
BATCH: Final = 100


class ChangeCopier:
    """One for each agent. Without an audit stream, or without the audit table's name, it does nothing."""

    def __init__(self, settings: AgentSettings, agent: str) -> None:
        self._agent = agent
        self._work: _Work | None = None
        if settings.audit_stream and settings.tables and settings.tables.audit:
            client = clients.for_agent("dynamodb", settings.region)
            stream = AuditStream(clients.for_agent("firehose", settings.region), settings.audit_stream)
            self._work = _Work(client, settings.tables.ledger, settings.tables.audit, stream)

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
        if self._work is None or not self._work.claims.claim(JOB, self._agent, EVERY_SECONDS):
            return None
        return self._work.copy()


class _Work:
    def __init__(self, client: Any, ledger: str, audit: str, stream: AuditStream) -> None:
        self.claims = JobClaims(client, ledger)
        self._mark = SentMark(client, ledger)
        self._changes = DynamoDocumentStore(client, documents="", audit=audit)  # nothing but its audit table is read
        self._stream = stream

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
