"""The policy in a database: its documents and their history, its snapshots."""
