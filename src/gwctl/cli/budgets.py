"""`gwctl budgets`: limits in dollars, tokens or requests, through the admin API."""

from gwctl.cli.kinds import BUDGETS
from gwctl.cli.resource_group import resource_group

command = resource_group(
    BUDGETS, "Limits in dollars, tokens or requests.\n\nOf everybody, a team, a client, or a model of a team."
)
