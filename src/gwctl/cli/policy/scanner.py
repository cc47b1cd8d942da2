"""`gwctl scanner`: content rules, through the admin API."""

from gwctl.cli.policy.kinds import SCANNER
from gwctl.cli.policy.resource_group import resource_group

command = resource_group(SCANNER, "Rules for what requests and answers must not contain.")
