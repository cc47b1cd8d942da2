"""`gwctl pricing`: prices that replace the price book's, through the admin API."""

from gwctl.cli.policy.resource_group import resource_group
from gwctl.policy.kinds import PRICING

command = resource_group(PRICING, "Prices that replace the price book's.\n\nIn US dollars per million tokens.")
