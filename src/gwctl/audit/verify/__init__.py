"""The proof that an audit log is complete, in order and unaltered, from its records and what was written elsewhere."""
