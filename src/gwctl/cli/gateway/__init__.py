"""The commands about a running gateway."""
