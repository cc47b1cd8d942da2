"""What a caller with `gateway/invoke` alone may ask about. In: a caller. Out: the caller's own team."""

from gwctl.admin.api.access import Caller
from gwctl.admin.service import errors, runtime
from gwctl.core import scopes
from gwctl.policy.documents import Client


def own_team(caller: Caller) -> str | None:
    """The only team that the caller may ask about; None: any. Raises AdminError (403) for a client of no team."""
    if caller.may((scopes.READ, scopes.ADMIN)):
        return None
    stored = runtime.get().documents.get("clients", caller.client_id)
    if stored is None or not isinstance(stored.document, Client):
        raise errors.forbidden(f"client {caller.client_id!r} belongs to no team")
    return stored.document.team
