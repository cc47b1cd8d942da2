"""How tests are handed out to several processes (pytest-xdist). In: node ids. Out: what stays together."""

from xdist.scheduler import LoadScopeScheduling


class BySuite(LoadScopeScheduling):
    """A suite is a folder of tests/, and its tests run in one process, in their order, with what they share.

    Files of tests/unit share nothing: each goes to whoever is free.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        suite = "/".join(file.split("/")[:2])
        return file if suite == "tests/unit" else suite
