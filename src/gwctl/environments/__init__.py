"""Environments: what a person edits, what Terraform is given, and what is built from it."""
