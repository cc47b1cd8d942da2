"""The admin API of a local gateway: the functions of a deployment behind one HTTP server."""
