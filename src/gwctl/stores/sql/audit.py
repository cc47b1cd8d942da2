"""What is written down beside the audit log: the ends of its chains, how far changes are copied, whose turn it is.

Whoever can alter the log's files cannot alter these, and the other way round.
"""

from collections.abc import Callable, Iterator
from time import time
from typing import Final

from sqlalchemy import select

from gwctl.audit.chain import DatedHead, Head
from gwctl.ledger.quotas.store import StoreUnavailable
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.notes import read_note, write_note
from gwctl.stores.sql.schema import claims, heads

SLOT_SECONDS: Final = 600
SENT: Final = "changes-sent"


class SqlHeads:
    """See `gwctl.stores.interfaces.HeadWriter`. One row for each ten minutes in which there was a head."""

    def __init__(self, database: Database, clock: Callable[[], float] = time) -> None:
        self._database = database
        self._clock = clock

    def publish(self, shard: str, head: Head, time: str) -> None:
        """See `HeadWriter.publish`. One statement; the newest of the same ten minutes stays."""
        self.adopt(DatedHead(shard, head, time, int(self._clock())))

    def adopt(self, dated: DatedHead) -> None:
        """Writes down a head of another time."""
        found = {"sequence": dated.head.sequence, "hash": dated.head.hash, "time": dated.time, "at": dated.at}
        new = self._database.insert(heads).values(shard=dated.shard, slot=dated.at // SLOT_SECONDS, **found)
        with self._database.writing() as connection:
            connection.execute(new.on_conflict_do_update(index_elements=["shard", "slot"], set_=found))

    def all(self) -> Iterator[DatedHead]:
        """Every head of every shard. Raises UnavailableError."""
        with self._database.reading() as connection:
            rows = connection.execute(select(heads).order_by(heads.c.shard, heads.c.slot)).all()
        for row in rows:
            yield DatedHead(row.shard, Head(row.sequence, row.hash), row.time, row.at)


class SqlSentMark:
    """See `gwctl.stores.interfaces.SentMarks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> int:
        """See `SentMarks.version`. One SELECT."""
        with self._database.reading() as connection:
            return int(read_note(connection, SENT) or 0)

    def save(self, version: int) -> None:
        """See `SentMarks.save`. One statement."""
        with self._database.writing() as connection:
            write_note(self._database, connection, SENT, str(version))


class SqlClaims:
    """See `gwctl.stores.interfaces.Claims`. Who dies at work holds the job up until its time is over, and no longer."""

    def __init__(self, database: Database, clock: Callable[[], float] = time) -> None:
        self._database = database
        self._clock = clock

    def claim(self, job: str, agent: str, seconds: int) -> bool:
        """See `Claims.claim`. One statement."""
        now = int(self._clock())
        new = self._database.insert(claims).values(job=job, agent=agent, until=now + seconds)
        ours = {"agent": agent, "until": now + seconds}
        taken = new.on_conflict_do_update(index_elements=["job"], set_=ours, where=claims.c.until <= now)
        with self._database.writing(StoreUnavailable) as connection:
            return connection.execute(taken.returning(claims.c.job)).one_or_none() is not None
