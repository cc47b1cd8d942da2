"""What the admin API does: load the documents, change them, compile, write, publish."""
