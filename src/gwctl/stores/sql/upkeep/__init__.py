"""What keeps a database in order: migrations, what is due to be deleted, copies of everything."""
