"""`gwctl budgets`: limits in dollars, tokens or requests, and what is spent of them, through the admin API."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gwctl.cli.policy.admin_options import Admin
from gwctl.cli.policy.resource_group import Reading, resource_group
from gwctl.policy.kinds import BUDGETS

if TYPE_CHECKING:
    from gwctl.cli.policy.admin_client import ApiError, Stored

ATTEMPTS: Final = 2
"""A ledger that does not answer is not waited for: the documents are shown without it."""


def _all(admin: Admin) -> "Sequence[Stored]":
    from gwctl.cli.policy.admin_client import ApiError

    try:
        return list(admin.client.listed(BUDGETS.collection, attempts=ATTEMPTS, state="true"))
    except ApiError as error:
        found = list(admin.client.listed(BUDGETS.collection))
        _without_state(error)
        return found


def _one(admin: Admin, name: str) -> "Stored":
    from dataclasses import replace

    from gwctl.cli.policy.admin_client import ApiError

    path = BUDGETS.path_of(name)
    stored = admin.client.get(path)
    try:
        return replace(stored, state=admin.client.call("GET", f"{path}/state", attempts=ATTEMPTS))
    except ApiError as error:
        _without_state(error)
        return stored


def _without_state(error: "ApiError") -> None:
    """Says on stderr why nothing is known: the API has no ledger, cannot reach it, or is older than this gwctl."""
    from gwctl.cli.environments.deployment import said
    from gwctl.cli.prose import fitted

    older = f"the admin API answered {error.status}; is it older than this gwctl?"
    said(fitted(f"What is spent is not known: {error.message if error.status == 503 else older}"))


command = resource_group(
    BUDGETS,
    "Limits in dollars, tokens or requests, and what is spent of them.\n\n"
    "Of everybody, a team, a client, or a model of a team.",
    reading=Reading(_one, _all),
)
