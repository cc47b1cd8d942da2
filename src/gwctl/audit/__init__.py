"""The audit log's integrity: records that hang together by hashes, and the proof that none is missing or altered.

In: usage events and changes of the policy. Out: audit records, the columns of modules/audit_log; and of records that
were read back, the first place where the chain is broken. `chain`, `changes` and `verify` do no I/O.
"""
