"""Who may do what: the scopes of each operation, and who a token belongs to.

In: the claims that the authorizer has verified. Out: a `Caller`, or a refusal. The scopes stand with each operation
as OpenAPI's `security`; from there API Gateway, the local server and the functions themselves take them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gwctl.admin.service import errors
from gwctl.core import scopes

SCHEME: Final = "oauth2"

Event = Mapping[str, Any]
"""What API Gateway hands to a function: a REST proxy event, payload format 1.0."""

Security = list[dict[str, list[str]]]
"""OpenAPI's security requirements: any one of them is enough."""


def _any_of(*names: str) -> Security:
    return [{SCHEME: [name]} for name in names]


WRITE: Final = _any_of(scopes.ADMIN)
READ: Final = _any_of(scopes.READ, scopes.ADMIN)
READ_USAGE: Final = _any_of(scopes.READ, scopes.ADMIN, scopes.INVOKE)
"""With `gateway/invoke` alone a client sees the usage of its own team only."""


def scopes_of(security: Security | None) -> tuple[str, ...]:
    """The scopes of which one is enough."""
    return tuple(name for requirement in security or [] for names in requirement.values() for name in names)


@dataclass(frozen=True)
class Caller:
    """Who sent a request, and what the token allows."""

    client_id: str
    scopes: frozenset[str]

    def may(self, wanted: Iterable[str]) -> bool:
        """Whether the token has one of the wanted scopes."""
        return bool(self.scopes & frozenset(wanted))


def caller_of(event: Event, prefix: str = scopes.RESOURCE_SERVER) -> Caller:
    """The caller of an API Gateway event. `prefix` is what stands before the slash in this deployment's scopes.

    Raises AdminError (401) when the authorizer has left no claims.
    """
    authorizer = (event.get("requestContext") or {}).get("authorizer") or {}
    claims = authorizer.get("claims") or {}
    client_id, granted = claims.get("client_id"), str(claims.get("scope", "")).split()
    if not client_id:
        raise errors.AdminError(401, "unauthorized", "the request carries no verified token of an app client")
    own = frozenset(name for name in granted if name.startswith(f"{prefix}/"))
    return Caller(
        str(client_id), frozenset(f"{scopes.RESOURCE_SERVER}/{name.removeprefix(f'{prefix}/')}" for name in own)
    )


def require(caller: Caller, security: Security | None) -> None:
    """Raises AdminError (403) when the caller has none of the scopes."""
    wanted = scopes_of(security)
    if not caller.may(wanted):
        raise errors.forbidden(f"client {caller.client_id!r} needs the scope {' or '.join(wanted)}")
