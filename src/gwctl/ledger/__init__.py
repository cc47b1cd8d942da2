"""The ledger: what each request cost (`metering`), what may still be spent (`quotas`), and what was (`usage`).

In: lines of the usage log, prices, quotas. Out: priced events, leases, sums. No I/O: the tables are in `gwctl.stores`.
"""
