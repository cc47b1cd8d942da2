"""Security groups: each rule is a resource of its own, so that a plan shows what changes."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class SeparateRules(BaseResourceCheck):
    """Inline rules and `aws_security_group_rule` fight with the separate ones and lose their descriptions."""

    def __init__(self) -> None:
        super().__init__(
            "Write each rule of a security group as aws_vpc_security_group_ingress_rule or _egress_rule",
            "CKV_GW_7",
            [CheckCategories.NETWORKING],
            ["aws_security_group", "aws_security_group_rule"],
        )

    def scan_resource_conf(self, conf: dict[str, list[object]]) -> CheckResult:
        inline = self.entity_type == "aws_security_group_rule" or conf.get("ingress") or conf.get("egress")
        return CheckResult.FAILED if inline else CheckResult.PASSED


check = SeparateRules()
