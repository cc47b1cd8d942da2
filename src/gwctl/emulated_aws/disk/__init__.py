"""What the emulated AWS holds, kept in a SQLite file, a module for each service that is kept."""
