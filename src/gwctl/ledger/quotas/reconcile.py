"""What becomes of the lease of an agent that is gone for ever: its spend comes from the audit log.

In: a window, the agent, the audit log's total for both. Out: the lease closed, the unspent part given back. Until
this has happened, what the agent had out counts as spent.
"""

from dataclasses import dataclass, replace

from gwctl.ledger.quotas.store import EMPTY, Lease, QuotaStore, Swap, WindowKey

GRACE_SECONDS = 2 * 3600
"""How long after a lease expired nobody may close it: the longest stream, and the audit log's way to its store."""

ARCHIVE_SECONDS = 86400
"""How long after it expired a closed lease is kept, so that an owner who comes back after all is turned away."""

ATTEMPTS = 5


class ReconcileError(Exception):
    """The lease cannot be closed, or not yet. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What closing a lease did, in the quota's unit: spend that the ledger had missed, and what was given back.

    `given_back` is negative when the agent spent more than it had leased.
    """

    added: int
    given_back: int


def reconcile(store: QuotaStore, key: WindowKey, agent: str, audited: int, now: float) -> Reconciled:
    """Closes the lease of an agent that is gone, taking `audited` (from the complete audit log) as its true spend.

    An agent may have spent without ever having written to the window; then a closed lease is made for it. Raises
    ReconcileError if its lease says that it may still be alive, if the audit log knows less than it had already
    settled, or if the lease is closed already. StoreUnavailable: repeat it.
    """
    for _ in range(ATTEMPTS):
        lease = store.read([key]).get(key, EMPTY).lease_of(agent)
        _check(lease, f"{agent} on {key}", audited, now)
        closed = replace(
            lease,
            outstanding=0,
            settled=audited,
            seq=lease.seq + 1,
            writer="reconcile",
            expires_at=lease.expires_at or int(now),
            closed=True,
        )
        swap = Swap(key, agent, before=lease, after=closed)
        if store.swap(swap).applied:
            return Reconciled(added=audited - lease.settled, given_back=-swap.growth)
    raise ReconcileError(f"{agent} on {key}: the lease changed {ATTEMPTS} times meanwhile: the agent is alive")


def tidy(store: QuotaStore, key: WindowKey, now: float) -> int:
    """Archives the window's closed leases that expired long ago; returns how many.

    A window's item is read and written whole, so a long-lived one must not collect the leases of every task that
    ever ran.
    """
    leases = store.read([key]).get(key, EMPTY).leases
    old = [(agent, lease) for agent, lease in leases.items() if now > lease.expires_at + ARCHIVE_SECONDS]
    return sum(store.archive(key, agent, lease) for agent, lease in old if lease.closed)


def _check(lease: Lease, what: str, audited: int, now: float) -> None:
    if lease.closed:
        raise ReconcileError(f"{what}: the lease is closed already")
    if now < lease.expires_at + GRACE_SECONDS:
        raise ReconcileError(f"{what}: the lease may be in use until {lease.expires_at + GRACE_SECONDS}; wait")
    if audited < lease.settled:
        raise ReconcileError(f"{what}: the audit log says {audited}, less than the {lease.settled} already settled")
