"""Documentation that cannot lie for long.

In: code, schemas, Terraform modules, decision records and `docs/auditors/controls.yaml`. Out: the generated pages of
`docs/`, the problems of all Markdown files, and a site.
"""
