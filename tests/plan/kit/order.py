"""What Terraform makes before what. In: an initialised workspace. Out: whether one resource waits for another.

`terraform graph` names resources as the configuration does, without the keys of `for_each`, and has an edge for each
direct dependency; the edges that go through other resources are followed here.
"""

import re
from collections import defaultdict
from typing import Final

from plan.kit.terraform import Workspace

_EDGE: Final = re.compile(r'^\s*"(.+)" -> "(.+)";$', re.MULTILINE)


class Order:
    """The order of a configuration's resources."""

    def __init__(self, workspace: Workspace) -> None:
        self._direct: dict[str, set[str]] = defaultdict(set)
        for later, earlier in _EDGE.findall(workspace.run("graph")):
            self._direct[later].add(earlier)

    def before(self, resource: str) -> set[str]:
        """Everything that exists when this resource is made. Raises ValueError for one that waits for nothing."""
        if resource not in self._direct:
            raise ValueError(f"{resource} waits for nothing, or the configuration does not have it")
        found: set[str] = set()
        open_ = [resource]
        while open_:
            new = self._direct.get(open_.pop(), set()) - found
            found |= new
            open_ += new
        return found
