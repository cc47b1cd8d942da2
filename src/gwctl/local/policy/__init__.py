"""The policy of a local gateway: its file, watched and handed to the admin API, and the providers on offer."""
