"""What every package uses: files, names, errors, URLs, scopes, YAML. It imports nothing of ours."""
