"""Agents that are gone for ever: their leases are closed, with the audit log's total as their spend.

In: the windows of the quotas in force, an audit log that was read and checked. Out: for each lease of an agent that has
not been heard of for hours, what was done, or why nothing was. An agent whose chain in the log is not whole, up to the
last head that it wrote down, keeps its lease: what it had out counts as spent until somebody has looked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gwctl.audit.verify.records import Report
from gwctl.audit.verify.spent import Spent
from gwctl.ledger.quotas.reconcile import GRACE_SECONDS, ReconcileError, reconcile
from gwctl.ledger.quotas.store import Lease, QuotaStore, WindowKey, WindowState


@dataclass(frozen=True, slots=True)
class Gone:
    """An open lease of an agent that is gone."""

    agent: str
    key: WindowKey
    lease: Lease


@dataclass(frozen=True, slots=True)
class Closed:
    """What became of it, in the quota's unit. `problem`: why it was left open; then nothing was changed."""

    gone: Gone
    audited: int
    given_back: int = 0
    problem: str | None = None


def gone_leases(windows: Mapping[WindowKey, WindowState], now: float) -> Iterator[Gone]:
    """Open leases that expired so long ago that all that their agents sent is in the audit log."""
    for key, state in sorted(windows.items()):
        for agent, lease in sorted(state.leases.items()):
            if not lease.closed and now >= lease.expires_at + GRACE_SECONDS:
                yield Gone(agent, key, lease)


def close(store: QuotaStore, gone: Gone, spent: Spent, report: Report, *, now: float, dry_run: bool = False) -> Closed:
    """Closes one lease, or says why not. Raises StoreUnavailable: repeat it."""
    audited = spent.of(gone.agent, gone.key)
    problem = _unproven(gone.agent, report)
    if problem is None and audited < gone.lease.settled:
        problem = (
            f"the audit log says {audited}, less than the {gone.lease.settled} that the ledger has: records are lost"
        )
    if problem is not None:
        return Closed(gone, audited, problem=problem)
    if dry_run:
        return Closed(gone, audited, given_back=gone.lease.committed - audited)
    try:
        done = reconcile(store, gone.key, gone.agent, audited, now)
    except ReconcileError as error:
        return Closed(gone, audited, problem=str(error))
    return Closed(gone, audited, given_back=done.given_back)


def _unproven(agent: str, report: Report) -> str | None:
    broken = [found for found in report.breaks if found.shard == agent]
    if broken:
        return f"its chain in the audit log is broken: {broken[0]}"
    shard = next((each for each in report.shards if each.name == agent), None)
    if shard is not None and shard.proven_to is None:
        return "no head says how far its chain in the audit log goes"
    return None
