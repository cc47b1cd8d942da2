"""Quotas, the agent's side: reserve, settle, lease. Answers from memory whether a request may go on.

In: reservations of the edge's requests, settlements from the usage log, quotas from the policy snapshot. Out: grants
and refusals; leases, spend and thresholds in the ledger (`gwctl.ledger.quotas`).

    settings   every number that can be turned
    requests   what is said about a request: reservation, refusal, settlement
    holding    one lease: what is left of it, and the next write about it
    meter      one quota: how much to lease or to give back, and when the answer is no
    waiting    who stands in line
    coverage   which quotas cover a request
    writes     which write is next, and what its answer means
    book       all of them together, without I/O: the whole behaviour, driven by whoever calls it
    engine     the book on asyncio: sends its writes to the ledger, wakes who waits
    identity   the name under which this agent leases, kept across restarts
"""
