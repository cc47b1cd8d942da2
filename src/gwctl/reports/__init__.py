"""Reports over usage events, for those who pay and those who check. Pure, but for `sources`, which reads.

In: usage events of a period. Out: who spent what (`chargeback`), the same as FOCUS 1.2 (`focus`), every difference to
the sums that the ledger keeps (`reconcile`) and to a provider's invoice (`invoice`).

    sources      where events come from: one interface, a file of JSON lines today
    periods      `2026-11`, `2026-11-21`, `2026-11-01..2026-11-15` → first and last day, in UTC
    dimensions   what one event counts under, and adds
"""
