"""Terraform and Terragrunt: found, run, and their output understood."""
