"""Helpers that several suites share: `from support.processes import start`, and so on.

`tests/` is on the import path (`pythonpath` in pyproject.toml).
"""
