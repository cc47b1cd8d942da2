"""Logs are evidence: they are kept for a year at least."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

DAYS = 365


class LogRetention(BaseResourceCheck):
    """Checkov's own CKV_AWS_338 passes what it cannot resolve; this one wants a number or a variable to be there."""

    def __init__(self) -> None:
        super().__init__(
            f"Keep log groups for {DAYS} days at least: set retention_in_days",
            "CKV_GW_3",
            [CheckCategories.LOGGING],
            ["aws_cloudwatch_log_group"],
        )

    def scan_resource_conf(self, conf: dict[str, list[object]]) -> CheckResult:
        days = conf.get("retention_in_days", [None])[0]
        if days is None:
            return CheckResult.FAILED
        try:
            return CheckResult.PASSED if int(str(days)) >= DAYS else CheckResult.FAILED
        except ValueError:  # an expression: its variable's validation has to hold it
            return CheckResult.PASSED


check = LogRetention()
