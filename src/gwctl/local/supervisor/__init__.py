""": one process that starts, watches and stops every part of the gateway."""
