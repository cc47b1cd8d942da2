"""All operations of the seven functions. One table: OpenAPI, API Gateway and the local server read it.

In: the functions' modules. Out: (method, path template) → the function that answers and the scopes of which a caller
needs one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gwctl.admin.api import budgets, policy, pricing, routing, scanner, teams, usage
from gwctl.admin.api.access import scopes_of
from gwctl.admin.api.http import Api, Event

APIS: Final[Mapping[str, Api]] = {
    "teams": teams.api,
    "budgets": budgets.api,
    "routing": routing.api,
    "scanner": scanner.api,
    "pricing": pricing.api,
    "usage": usage.api,
    "policy": policy.api,
}
"""The first part of a path → its function."""


@dataclass(frozen=True)
class Entry:
    """How one method of one path is answered, and who may ask."""

    scopes: tuple[str, ...]
    handler: Callable[[Event, Any], dict[str, Any]]


def table() -> dict[tuple[str, str], Entry]:
    """(method, path template as OpenAPI writes it) → entry."""
    return {
        key: Entry(scopes_of(operation.security), api.handle)
        for api in APIS.values()
        for key, operation in api.operations.items()
    }
