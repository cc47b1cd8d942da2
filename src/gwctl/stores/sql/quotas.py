"""The ledger's quota store in a relational database, see `gwctl.ledger.quotas.store`.

One row for each window, with its leases as JSON: agent id → the lease, and in `at` its `seq` and `writer` as one text.
So a swap is one statement, an INSERT or an UPDATE that looks at the lease and at the limit and changes both the lease
and the sums. No second row has to be locked, and none can have changed in between.
"""

from collections.abc import Callable, Iterable, Mapping
from time import time
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, Text, and_, bindparam, func, insert, select, tuple_, update

from gwctl.ledger.quotas.scopes import Period
from gwctl.ledger.quotas.store import (
    EMPTY,
    Lease,
    Outcome,
    StoreUnavailable,
    Swap,
    WindowKey,
    WindowState,
    check_archivable,
)
from gwctl.ledger.quotas.windows import period_of
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.group import GroupCommit
from gwctl.stores.sql.schema import JsonObject, windows

BATCH_KEYS: Final = 200
DAY: Final = 86400
KEPT_SECONDS: Final[dict[Period, int | None]] = {"minute": 2 * DAY, "day": 400 * DAY, "month": 800 * DAY, "total": None}
"""How long after its last write a window's row is kept for reports."""

NO_CEILING: Final = 2**63 - 1
"""A limit that says nothing: SQLite's numbers end here."""

KEY: Final = and_(*(windows.c[name] == bindparam(f"key_{name}") for name in ("quota", "unit", "window")))
STATE: Final = [windows.c[name] for name in ("committed", "settled", "archived", "leases", "notified")]


class SqlQuotaStore:
    """A `QuotaStore`. Safe to share between threads, and one for each process is best: its writes share commits."""

    def __init__(self, database: Database, clock: Callable[[], float] = time) -> None:
        self._database = database
        self._clock = clock
        self._group = GroupCommit(database, StoreUnavailable)
        self._statements = _statements(database)

    def swap(self, swap: Swap) -> Outcome:
        """See `QuotaStore.swap`. One statement, and another to see what stood in its way."""
        ceiling = NO_CEILING if swap.ceiling is None else min(swap.ceiling, NO_CEILING)
        first = not swap.before.seq
        if first and ceiling < 0:  # an INSERT would not be asked how much is committed
            return Outcome(applied=False, state=self.read([swap.key]).get(swap.key, EMPTY))
        values = {
            **_lease_values(swap.agent, swap.before),
            "growth": swap.growth,
            "spent": swap.after.settled - swap.before.settled,
            "patch": {swap.agent: _lease_json(swap.after)},
            "ceiling": ceiling,
            "expires_at": self._expires_at(swap.key),
        }
        return self._write(swap.key, self._statements.first if first else self._statements.next, values)

    def read(self, keys: Iterable[WindowKey]) -> dict[WindowKey, WindowState]:
        """See `QuotaStore.read`. One SELECT for 200 windows."""
        wanted, found = list(dict.fromkeys(keys)), dict[WindowKey, WindowState]()
        columns = [windows.c.quota, windows.c.unit, windows.c.window]
        for start in range(0, len(wanted), BATCH_KEYS):
            batch = [tuple(key) for key in wanted[start : start + BATCH_KEYS]]
            with self._database.reading(StoreUnavailable) as connection:
                for row in connection.execute(select(*columns, *STATE).where(tuple_(*columns).in_(batch))):
                    found[WindowKey(row.quota, row.unit, row.window)] = _state(row)
        return found

    def claim(self, key: WindowKey, threshold: int) -> bool:
        """See `QuotaStore.claim`. One statement."""
        values = {"patch": {str(threshold): 1}, "path": f'$."{threshold}"', "name": str(threshold)}
        return self._write(key, self._statements.claim, values).applied

    def archive(self, key: WindowKey, agent: str, lease: Lease) -> bool:
        """See `QuotaStore.archive`. One statement."""
        check_archivable(lease)
        values = {**_lease_values(agent, lease), "archived_now": lease.settled, "patch": {agent: None}}
        return self._write(key, self._statements.archive, values).applied

    def adopt(self, states: Iterable[tuple[WindowKey, WindowState]]) -> None:
        """Fills an empty ledger with the windows of another one."""
        rows = [{**_row(key, state), "expires_at": self._expires_at(key)} for key, state in states]
        with self._database.writing(StoreUnavailable) as connection:
            if rows:
                connection.execute(insert(windows), rows)

    def _expires_at(self, key: WindowKey) -> int | None:
        kept = KEPT_SECONDS[period_of(key.window)]
        return None if kept is None else int(self._clock()) + kept

    def _write(self, key: WindowKey, statement: Any, values: Mapping[str, Any]) -> Outcome:
        place = {f"key_{name}": value for name, value in key._asdict().items()}

        def work(connection: Connection) -> Outcome:
            row = connection.execute(statement, {**place, **values}).one_or_none()
            if row is not None:
                return Outcome(applied=True, state=_state(row))
            row = connection.execute(select(*STATE).where(KEY), place).one_or_none()
            return Outcome(applied=False, state=_state(row) if row else EMPTY)

        return self._group.run(str(key), work)


class _Statements(NamedTuple):
    """Made once: parameters are all that differs. Each returns the window if it was applied, and nothing if not."""

    first: Any
    next: Any
    claim: Any
    archive: Any


def _statements(database: Database) -> _Statements:
    patch, name = bindparam("patch", type_=JsonObject), bindparam("name", type_=Text)
    amounts = {each: bindparam(each, type_=windows.c.committed.type) for each in ("growth", "spent", "archived_now")}
    if database.sqlite:
        at = func.json_extract(windows.c.leases, bindparam("path"))
        told = func.json_extract(windows.c.notified, bindparam("path"))
        leases, notified = func.json_patch(windows.c.leases, patch), func.json_patch(windows.c.notified, patch)
        without: Any = leases  # of a patch, null takes away
    else:
        at = func.jsonb_extract_path_text(windows.c.leases, name, "at")
        told = func.jsonb_extract_path_text(windows.c.notified, name)
        leases, notified = windows.c.leases.op("||")(patch), windows.c.notified.op("||")(patch)
        without = windows.c.leases.op("-")(name)
    swapped = {
        "committed": windows.c.committed + amounts["growth"],
        "settled": windows.c.settled + amounts["spent"],
        "leases": leases,
        "expires_at": bindparam("expires_at"),
    }
    within = windows.c.committed <= bindparam("ceiling", type_=windows.c.committed.type)
    nothing = {"committed": 0, "settled": 0, "archived": 0, "leases": {}, "notified": {}}
    key = {each: bindparam(f"key_{each}") for each in ("quota", "unit", "window")}

    def inserted(new: Mapping[str, Any], changed: Mapping[str, Any], where: Any) -> Any:
        statement = database.insert(windows).values({**key, **nothing, **new})
        conflict = statement.on_conflict_do_update(index_elements=list(key), set_=dict(changed), where=where)
        return conflict.returning(*STATE)

    def updated(changed: Mapping[str, Any], *where: Any) -> Any:
        return update(windows).where(KEY, *where).values(dict(changed)).returning(*STATE)

    made = {"committed": amounts["growth"], "settled": amounts["spent"], "leases": patch}
    archived = {"archived": windows.c.archived + amounts["archived_now"], "leases": without}
    return _Statements(
        first=inserted({**made, "expires_at": bindparam("expires_at")}, swapped, and_(at.is_(None), within)),
        next=updated(swapped, at == bindparam("at"), within),
        claim=inserted({"notified": patch}, {"notified": notified}, told.is_(None)),
        archive=updated(archived, at == bindparam("at")),
    )


def _lease_values(agent: str, before: Lease) -> dict[str, Any]:
    """Where an agent's lease is, and what must stand in its `at`."""
    return {"path": f'$."{agent}".at', "name": agent, "at": _at(before)}


def _at(lease: Lease) -> str:
    return f"{lease.seq} {lease.writer}"


def _lease_json(lease: Lease) -> dict[str, Any]:
    fields = ("outstanding", "settled", "mark", "seq", "writer", "expires_at", "closed")
    return {**{name: getattr(lease, name) for name in fields}, "at": _at(lease)}


def _state(row: Row[Any]) -> WindowState:
    leases = {
        agent: Lease(**{name: value for name, value in lease.items() if name != "at"})
        for agent, lease in row.leases.items()
    }
    return WindowState(row.committed, row.settled, row.archived, leases, frozenset(int(each) for each in row.notified))


def _row(key: WindowKey, state: WindowState) -> dict[str, Any]:
    return {
        **key._asdict(),
        "committed": state.committed,
        "settled": state.settled,
        "archived": state.archived,
        "leases": {agent: _lease_json(lease) for agent, lease in state.leases.items()},
        "notified": dict.fromkeys(map(str, state.notified), 1),
    }
