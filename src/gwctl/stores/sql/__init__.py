"""The stores in a relational database: SQLite for one machine, PostgreSQL for a fleet."""
