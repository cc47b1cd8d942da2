"""The sums of usage and the records of requests in a database: the agent adds to them, reports and lists read them.

What the keys of the sums mean: `gwctl.ledger.usage.sums`. The agent's position, the sums and the records move in one
transaction, so an event is in both exactly once, whatever is killed or repeated.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select, update

from gwctl.ledger.usage.sums import (
    Counts,
    Detailed,
    Key,
    Total,
    everybody_key,
    parse_detailed,
    parse_total,
    team_key,
)
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.records import RequestRecords
from gwctl.stores.sql.schema import COUNTERS, positions, usage


class SqlUsageTable:
    """`UsageReports` and `UsageWriter`. Safe to share between threads."""

    def __init__(self, database: Database, records: RequestRecords | None = None) -> None:
        self._database = database
        self._records = records
        new = database.insert(usage)
        added = {name: usage.c[name] + new.excluded[name] for name in COUNTERS}
        self._add = new.on_conflict_do_update(index_elements=["pk", "sk"], set_=added)

    def of_team(self, team: str, days: Iterable[date]) -> Iterator[Detailed]:
        """See `UsageReports.of_team`. One SELECT."""
        for row in self._read([team_key(team, day) for day in days]):
            yield parse_detailed(*row)

    def of_all(self, days: Iterable[date]) -> Iterator[Total]:
        """See `UsageReports.of_all`. One SELECT."""
        for row in self._read([everybody_key(day) for day in days]):
            yield parse_total(*row)

    def position(self, agent: str) -> str | None:
        """See `UsageWriter.position`. One SELECT."""
        with self._database.reading() as connection:
            found = select(positions.c.position).where(positions.c.agent == agent)
            return connection.execute(found).scalar_one_or_none()

    def add(
        self,
        updates: Mapping[Key, Mapping[str, int]],
        *,
        agent: str,
        before: str | None,
        after: str,
        events: Sequence[bytes] = (),
    ) -> bool:
        """See `UsageWriter.add`. One transaction: the position, the sums, a row for each event."""
        records = self._records if events else None
        rows_of_requests = records.prepare(events) if records else []
        with self._database.writing() as connection:
            if not self._move(connection, agent, before, after):
                return False
            # In the same order everywhere: two agents that lock the same rows never wait for each other in a circle.
            rows = [_row(key, counts) for key, counts in sorted(updates.items()) if counts]
            if rows:
                connection.execute(self._add, rows)
            if records:
                records.write(connection, rows_of_requests)
        return True

    def adopt(self, sums: Mapping[Key, Counts], agents: Mapping[str, str]) -> None:
        """Fills an empty table with what another store had: sums, and the agents' positions."""
        rows = [_row(key, counts) for key, counts in sums.items()]
        places = [{"agent": agent, "position": position} for agent, position in agents.items()]
        with self._database.writing() as connection:
            for table, content in ((usage, rows), (positions, places)):
                if content:
                    connection.execute(insert(table), content)

    def _move(self, connection: Connection, agent: str, before: str | None, after: str) -> bool:
        if before is None:
            first = self._database.insert(positions).values(agent=agent, position=after)
            moved: Any = first.on_conflict_do_nothing()
        else:
            mine = positions.c.agent == agent, positions.c.position == before
            moved = update(positions).where(*mine).values(position=after)
        return connection.execute(moved.returning(positions.c.agent)).one_or_none() is not None

    def _read(self, partitions: list[str]) -> list[tuple[str, str, Counts]]:
        with self._database.reading() as connection:
            rows: Sequence[Any] = connection.execute(select(usage).where(usage.c.pk.in_(partitions))).all()
        return [(row.pk, row.sk, {name: value for name in COUNTERS if (value := getattr(row, name))}) for row in rows]


def _row(key: Key, counts: Mapping[str, int]) -> dict[str, Any]:
    return {"pk": key[0], "sk": key[1], **dict.fromkeys(COUNTERS, 0), **counts}
