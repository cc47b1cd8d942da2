"""Policy snapshot → the files that Envoy reads: fetched, rendered, put in force, taken back when Envoy refuses them."""
