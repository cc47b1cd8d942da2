"""Routes as documents, sent by Portkey even where the edge could call the provider itself."""

from collections.abc import Iterable, Mapping
from typing import Any


def by_portkey(routes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same routes, each with `lane: portkey`."""
    return [{**route, "lane": "portkey"} for route in routes]
