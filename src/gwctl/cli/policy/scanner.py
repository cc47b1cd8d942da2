"""`gwctl scanner`: content rules, through the admin API."""

from gwctl.cli.policy.resource_group import resource_group
from gwctl.policy.kinds import SCANNER

command = resource_group(SCANNER, "Rules for what requests and answers must not contain.")
