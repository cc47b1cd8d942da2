"""All operations of the eight functions. One table: OpenAPI, API Gateway and the local server read it.

In: the functions' modules, and the kinds that need none. Out: (method, path template) → the function that answers and
the scopes of which a caller needs one; and for each function the handler that Lambda calls.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gwctl.admin.api import budgets, crud, keys, policy, requests, teams, usage
from gwctl.admin.api.access import scopes_of
from gwctl.admin.api.http import Api, Event
from gwctl.policy.kinds import PRICING, ROUTING, SCANNER, Kind


def _of(kind: Kind) -> Api:
    api = Api(kind.command)
    crud.register(api, kind)
    return api


APIS: Final[Mapping[str, Api]] = {
    "teams": teams.api,
    "keys": keys.api,
    "budgets": budgets.api,
    "routing": _of(ROUTING),
    "scanner": _of(SCANNER),
    "pricing": _of(PRICING),
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
    return _table(APIS.values())


def table_with_requests() -> dict[tuple[str, str], Entry]:
    """The same with `/requests`, which no function of AWS answers: there the audit log is asked."""
    return _table((*APIS.values(), requests.api))


def _table(apis: Iterable[Api]) -> dict[tuple[str, str], Entry]:
    return {
        key: Entry(scopes_of(operation.security), api.handle)
        for api in apis
        for key, operation in api.operations.items()
    }


# What Lambda calls, by the names that modules/admin_api knows.
on_teams: Final = APIS["teams"].handle
on_keys: Final = APIS["keys"].handle
on_budgets: Final = APIS["budgets"].handle
on_routing: Final = APIS["routing"].handle
on_scanner: Final = APIS["scanner"].handle
on_pricing: Final = APIS["pricing"].handle
on_usage: Final = APIS["usage"].handle
on_policy: Final = APIS["policy"].handle
