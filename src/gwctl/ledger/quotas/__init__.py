"""Quotas, the ledger's side: what every agent has spent and may still spend of each limit. Pure, no I/O.

In: leases asked for and costs settled by agents. Out: `settled + leased ≤ limit`, at every moment.

    scopes     the scopes that a request falls under
    windows    period and time zone → the window of a moment: its id, beginning and end
    store      what is kept of a window, and the one write that changes it: the interface `QuotaStore`
    model      that interface in memory: the reference that every other store is tested against
    reconcile  what becomes of the lease of an agent that is gone for ever

`gwctl.stores.aws.quotas` is the store in DynamoDB; `gwctl.agent.quotas` is the other side. Why it is safe is argued in
docs/adr/0020-reserve-settle-lease.md.
"""
