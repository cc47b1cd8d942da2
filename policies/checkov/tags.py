"""Costs are told apart by tags: the provider sets them on everything."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.provider.base_check import BaseProviderCheck


class DefaultTags(BaseProviderCheck):
    """In: a provider block. It needs `default_tags`, and the account it may change."""

    def __init__(self) -> None:
        super().__init__(
            "Give the AWS provider default_tags and allowed_account_ids: costs are told apart, a wrong account fails",
            "CKV_GW_9",
            [CheckCategories.CONVENTION],
            ["aws"],
        )

    def scan_provider_conf(self, conf: dict[str, list[object]]) -> CheckResult:
        there = conf.get("default_tags") and conf.get("allowed_account_ids")
        return CheckResult.PASSED if there else CheckResult.FAILED


check = DefaultTags()
