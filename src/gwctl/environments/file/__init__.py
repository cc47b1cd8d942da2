"""environment.yaml: read, checked, and rendered to Terraform's variables."""
