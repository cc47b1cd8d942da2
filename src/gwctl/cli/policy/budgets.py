"""`gwctl budgets`: limits in dollars, tokens or requests, and what is spent of them, through the admin API."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from gwctl.cli.admin.admin_options import Admin, admin_options
from gwctl.cli.environments.deployment import dry_run_option
from gwctl.cli.policy.changing import given, store
from gwctl.cli.policy.resource_group import Reading, resource_group
from gwctl.policy.kinds import BUDGETS

if TYPE_CHECKING:
    from gwctl.cli.admin.admin_client import ApiError, Stored

ATTEMPTS: Final = 2
"""A ledger that does not answer is not waited for: the documents are shown without it."""


def _all(admin: Admin) -> "Sequence[Stored]":
    from gwctl.cli.admin.admin_client import ApiError

    try:
        return list(admin.client.listed(BUDGETS.collection, attempts=ATTEMPTS, state="true"))
    except ApiError as error:
        found = list(admin.client.listed(BUDGETS.collection))
        _without_state(error)
        return found


def _one(admin: Admin, name: str) -> "Stored":
    from dataclasses import replace

    from gwctl.cli.admin.admin_client import ApiError

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

LIMITS: Final = ("limit_usd", "limit_tokens", "limit_requests")


@command.command("set")
@click.argument("team", metavar="TEAM", required=False)
@click.option("--client", help="A client or key, instead of a team.")
@click.option("--model", help="Only what the team asks of this route.")
@click.option("--usd", "limit_usd", type=float, help="The limit in dollars.")
@click.option("--tokens", "limit_tokens", type=int, help="The limit in tokens.")
@click.option("--requests", "limit_requests", type=int, help="The limit in requests.")
@click.option(
    "--period",
    type=click.Choice(["minute", "day", "month", "total"]),
    default="month",
    show_default=True,
    help="In which the limit holds.",
)
@click.option("--timezone", metavar="ZONE", help="Where a day or month begins. Default: UTC.")
@click.option("--action", type=click.Choice(["block", "alert", "shadow"]), help="When it is used up. Default: block.")
@click.option("--id", "budget", metavar="BUDGET", help="Its id. Default: TEAM-PERIOD, as in search-month.")
@dry_run_option
@admin_options
def set_budget(
    *,
    team: str | None,
    client: str | None,
    model: str | None,
    period: str,
    budget: str | None,
    dry_run: bool,
    admin: Admin,
    **options: object,
) -> None:
    """Make a budget, or change its limit; without TEAM or --client it is of everybody.

    \b
    Example: gwctl budgets set search --usd 100 --period month
    """
    from gwctl.core.errors import UserError

    limits = [name for name in LIMITS if options[name] is not None]
    if len(limits) != 1:
        raise UserError("a budget has one limit: give one of --usd, --tokens and --requests")
    budget = budget or "-".join(filter(None, (team or client or "all", model, period)))
    admin.announce()
    path = BUDGETS.path_of(budget)
    stored = admin.client.find(path)
    kept = {name: value for name, value in (stored.document if stored else {}).items() if name not in LIMITS}
    scope = given(team=team, client=client, model=model)
    store(admin, path, {**kept, "id": budget, **scope, **given(**options), "period": period}, stored, dry_run=dry_run)
