"""The admin API over HTTP: the operations of each resource, their bodies, errors and description."""
