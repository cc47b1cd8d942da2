"""How tests are handed out to several processes (pytest-xdist). In: node ids and time limits. Out: what stays together,
and in which order it is handed out."""

import pytest
from xdist.scheduler import LoadScopeScheduling

FILES_APART = ("tests/emulated", "tests/unit")
"""Suites whose files share nothing that takes time to make: each file goes to whoever is free."""


def unit_of(nodeid: str) -> str:
    """What runs in one process, in its order, with what it shares: a suite (a folder of tests/ or of tests/gateway/)
    or, in FILES_APART, a file."""
    file = nodeid.partition("::")[0]
    if file.startswith(FILES_APART):
        return file
    folder = file.rpartition("/")[0]
    return "/".join(folder.split("/")[: 3 if folder.startswith("tests/gateway") else 2])


def longest_first(items: list[pytest.Item]) -> None:
    """Put units whose tests have larger time limits (`pytest.mark.timeout`) before the others.

    Who may take longest takes longest, and must not begin when all others are done.
    """
    limits: dict[str, float] = {}
    for item in items:
        mark = item.get_closest_marker("timeout")
        unit = unit_of(item.nodeid)
        limits[unit] = max(limits.get(unit, 0.0), mark.args[0] if mark else 0.0)
    items.sort(key=lambda item: -limits[unit_of(item.nodeid)])


class ByUnit(LoadScopeScheduling):
    """Hands out whole units."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
