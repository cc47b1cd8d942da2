"""Who is behind a client's id. In: an admin API, teams. Out: id → name, of the clients that have one."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gwctl.core.errors import UserError
from gwctl.policy.kinds import TEAMS

if TYPE_CHECKING:
    from gwctl.cli.admin.admin_options import Admin


def client_names(admin: "Admin", teams: Iterable[str] | None) -> dict[str, str]:
    """The names of these teams' clients, or of all; none where the admin API does not tell: a report works without."""
    names: dict[str, str] = {}
    try:
        for team in _all_teams(admin) if teams is None else sorted(set(teams)):
            clients = [stored.document for stored in admin.client.listed(f"{TEAMS.path_of(team)}/clients", attempts=1)]
            names |= {str(each["id"]): str(each["name"]) for each in clients if each.get("name")}
    except UserError:
        return names
    return names


def _all_teams(admin: "Admin") -> list[str]:
    return [str(stored.document["id"]) for stored in admin.client.listed(TEAMS.collection, attempts=1)]
