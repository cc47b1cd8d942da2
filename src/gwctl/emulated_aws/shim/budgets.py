"""Budgets: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

import json
from typing import Any, Final

from gwctl.emulated_aws.shim.patching import keep_tags, replace


def budget_subscribers_and_tags() -> None:
    """Budgets tells who is notified, and has tags. moto keeps the first and tells neither.

    Needed by aws_budgets_budget, of the feature cost attribution.
    """
    from moto.budgets.responses import BudgetsResponse

    def subscribers(self: Any) -> str:
        budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
        wanted = self._get_param("Notification")
        compared = ("ComparisonOperator", "NotificationType", "Threshold", "ThresholdType")
        found = [
            subscriber
            for notification in budget.notifications
            if all(notification.details.get(name) == wanted.get(name) for name in compared)
            for subscriber in notification.subscribers
        ]
        return json.dumps({"Subscribers": found})

    tags = keep_tags(BudgetsResponse, "ResourceTags", as_list=True)
    original = BudgetsResponse.create_budget

    def create(self: Any) -> str:
        account, name = self._get_param("AccountId"), self._get_param("Budget")["BudgetName"]
        arn = f"arn:{self.partition}:budgets::{account}:budget/{name}"
        tags[arn] = {each["Key"]: each["Value"] for each in self._get_param("ResourceTags") or []}
        return original(self)

    replace(BudgetsResponse, "create_budget", create)
    replace(BudgetsResponse, "describe_subscribers_for_notification", subscribers)


PATCHES: Final = (budget_subscribers_and_tags,)
