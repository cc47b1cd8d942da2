"""The token service of a local gateway, and the clients that it knows."""
