"""Envoy's configuration: listener, filters, clusters, its own replies, spans. In: settings. Out: JSON for Envoy."""
