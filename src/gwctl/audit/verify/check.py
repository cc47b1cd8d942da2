"""The whole check of an audit log: its files against themselves, against heads, and against the policy's changes.

In: a source of files, days, heads, changes of the policy as DynamoDB has them. Out: a `Report`. What is not yet in the
log because Firehose still collects it (`delay`) is not missed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from gwctl.audit import policy_changes as policy_audit
from gwctl.audit.chain import DatedHead, Head
from gwctl.audit.changes import SHARD
from gwctl.audit.policy_changes import AuditRecord
from gwctl.audit.verify.reading import Days, Source, records_in
from gwctl.audit.verify.records import Break, Report, Verifier

NO_DELAY: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is known of the chains from other places than the log.

    `changes`: all changes of the policy, oldest first, `policy_head`, the digest that the newest has to have, and
    `copied`, the version up to which the agents have sent them to the log.
    """

    heads: Sequence[DatedHead] = ()
    changes: Sequence[AuditRecord] = ()
    policy_head: Head | None = None
    copied: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """The report, and in words what could not be proven."""

    report: Report
    remarks: list[str] = field(default_factory=list[str])


def check(
    source: Source,
    days: Days,
    elsewhere: Elsewhere,
    *,
    now: datetime,
    delay: timedelta = NO_DELAY,
    on_record: Callable[[Mapping[str, Any]], None] = lambda _: None,
) -> Checked:
    """Reads the log and checks it. Raises UserError: it cannot be read.

    `on_record` is given each record, by columns, also those of a day before and after.
    """
    verifier = Verifier(from_start=days.first is None)
    for found in records_in(source, days):
        if found.record is None:
            verifier.unreadable(found.where, found.problem)
            continue
        on_record(found.record)
        verifier.add(found.record, found.where, wanted=found.day is None or found.day in days)
    before = now - delay
    heads: dict[str, list[Head]] = {}
    for head in elsewhere.heads:
        if head.at <= before.timestamp() and _day(head.time) in days:
            heads.setdefault(head.shard, []).append(head.head)
    heads[SHARD] = [
        Head(each.version, each.digest)
        for each in elsewhere.changes
        if each.version <= elsewhere.copied and each.time <= before and each.time.astimezone(UTC).date() in days
    ]
    remarks: list[str] = []
    waiting = [each.version for each in elsewhere.changes if each.version > elsewhere.copied]
    if waiting:
        last = f"from version {waiting[0]} on are checked in the admin API's own table alone"
        remarks.append(f"the agents have not sent all changes of the policy to the log yet; those {last}")
    report = verifier.report({shard: found for shard, found in heads.items() if found})
    unproven = [shard.name for shard in report.shards if shard.proven_to is None]
    if unproven:
        remarks.append(f"no head says how far these chains go, so records may be cut off: {', '.join(unproven)}")
    table = _table(elsewhere)
    return Checked(replace(report, breaks=[*report.breaks, *table]), remarks)


def _table(elsewhere: Elsewhere) -> Iterable[Break]:
    """Breaks in the admin API's own chain."""
    shard, changes = f"{SHARD} (table)", elsewhere.changes
    if changes and changes[0].version != 1:
        yield Break(shard, 1, "missing", f"the record of version 1 is missing, the first is of {changes[0].version}")
    problem = policy_audit.verify(changes)
    if problem:
        yield Break(shard, -1, "altered", problem)
    head = elsewhere.policy_head
    last = Head(changes[-1].version, changes[-1].digest) if changes else None
    if head is not None and (head.sequence > 0 or last) and head != last:
        found = f"the newest record is another, of version {last.sequence}" if last else "there is no record"
        yield Break(shard, head.sequence, "truncated", f"the policy is at version {head.sequence}, and {found}")


def _day(time: str) -> date:
    try:
        return date.fromisoformat(time[:10])
    except ValueError:
        return date.min
