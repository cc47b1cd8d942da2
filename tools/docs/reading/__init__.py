"""What the documents are checked against: Markdown, Terraform files and tests, as data."""
