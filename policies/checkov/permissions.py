"""What a role may do: no wildcard over everything, no managed policy of AWS, a name that tells the deployment."""

import json
from collections.abc import Iterator
from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.data.base_check import BaseDataCheck
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _words(each)


class WildcardStatement(BaseDataCheck):
    """An Allow with `service:*` (or `*`) on resource `*`. A key's policy names a principal and is about that key."""

    def __init__(self) -> None:
        super().__init__(
            "Allow no wildcard action on every resource: name the actions, or the resources",
            "CKV_GW_4",
            [CheckCategories.IAM],
            ["aws_iam_policy_document"],
        )

    def scan_data_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        for statement in conf.get("statement", []):
            each = statement[0] if isinstance(statement, list) else statement
            if not isinstance(each, dict) or "principals" in each or "Deny" in _words(each.get("effect")):
                continue
            wild = any(word == "*" or word.endswith(":*") for word in _words(each.get("actions")))
            if wild and "*" in _words(each.get("resources")):
                return CheckResult.FAILED
        return CheckResult.PASSED


class ManagedPolicy(BaseResourceCheck):
    """AWS changes its managed policies without asking, and they allow more than one service needs."""

    def __init__(self) -> None:
        super().__init__(
            "Write out what a role may do: attach no policy that AWS manages",
            "CKV_GW_5",
            [CheckCategories.IAM],
            ["aws_iam_role_policy_attachment", "aws_iam_policy_attachment", "aws_iam_role"],
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        named = json.dumps([conf.get("policy_arn"), conf.get("managed_policy_arns")], default=str)
        return CheckResult.FAILED if ":iam::aws:policy/" in named else CheckResult.PASSED


class RoleName(BaseResourceCheck):
    """Who may deploy gets permission for the roles of a deployment by their prefix."""

    def __init__(self) -> None:
        super().__init__(
            "Begin a role's name with context.name: what may be done with roles is allowed by that prefix",
            "CKV_GW_6",
            [CheckCategories.CONVENTION],
            ["aws_iam_role"],
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        name = str(conf.get("name", [""])[0] or "")
        fixed = name and "var." not in name and "local." not in name and "${" not in name
        # Checkov puts in the values of variables that it knows: then the name is the example's.
        return CheckResult.FAILED if not name or (fixed and not name.startswith("gwctl-")) else CheckResult.PASSED


wildcard = WildcardStatement()
managed = ManagedPolicy()
role_name = RoleName()
