"""Quotas: what has been spent of each limit and who may still spend the rest. Pure: no I/O, no asyncio, no database.

In: quotas of the policy, requests with the most that each can cost, and later what each did cost. Out: which requests
may go on, so that `settled + leased ≤ limit` holds at every moment, over all agents.

A budget of $1, two agents A and B, and a crash (`tests/ledger/book/test_worked_example.py` plays just this):

    step                                                       A's lease             B's lease       the ledger's sums
                                                               leased settled        leased settled  committed (≤ $1)
    1 A reserves $0.40 for a request: it leases that much      0.40   0              -      -        0.40
    2 B reserves $0.50 for another                             0.40   0              0.50   0        0.90
    3 A is asked for $0.20. Only $0.10 is left: it waits       0.40   0              0.50   0        0.90
    4 the first ends and did cost $0.03, so $0.37 of A's       0.20   0.03           0.50   0        0.73
      lease are free: $0.20 for the one that waits; A settles
      $0.03, and gives the other $0.17 back
    5 B crashes. What its request may cost stays leased, and   0.20   0.03           0.50   0        0.73
      after the restart nobody but that request may use it
    6 B reads in its usage log that it did cost $0.05, and     0.20   0.03           0      0.05     0.28
      that nothing else was in flight: it gives back the rest

    reservation  one request: its bound is taken out of every quota that covers it, until its cost is settled
    lease        what this agent may spend of one window without asking the ledger
    quota        one quota as this agent sees it: how much to lease, when the answer is no; which quotas cover a request
    waiting      requests that no lease covers yet
    book         all reservations of this agent
    writes       all leases of this agent, and what is written to the ledger next
    settings     every number that can be turned

    scopes     the scopes that a request falls under
    windows    period and time zone → the window of a moment: its id, beginning and end
    store      what the ledger keeps of a window, and the one write that changes it: the interface `QuotaStore`
    model      that interface in memory: the reference that every other store is tested against
    reconcile  what becomes of the lease of an agent that is gone for ever

`gwctl.stores.aws.quotas` is the store in DynamoDB, `gwctl.agent.reserve.engine` runs the book. Why it is safe is argued
in docs/adr/0020-reserve-settle-lease.md.
"""
