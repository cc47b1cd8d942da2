"""Usage: sums of priced events, and the reports that are made of them. Pure.

sums        event → the rows that it adds to, by day, team, client and model
report      rows → sums by whatever dimensions are asked for
chargeback  events → who spent what
focus       events → FOCUS 1.2
invoice     events against a provider's invoice
reconcile   events against the ledger
periods     `2026-11`, `2026-11-21`, `2026-11-01..2026-11-15` → first and last day, in UTC
"""
