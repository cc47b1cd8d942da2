"""The usage log, one JSON line for each request: which values Envoy writes, and the reader of such a line. Pure."""
