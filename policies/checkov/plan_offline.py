"""A plan needs no account: what only AWS knows comes in as an input."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.data.base_check import BaseDataCheck

CALLS_AWS = [
    "aws_availability_zones",
    "aws_caller_identity",
    "aws_ec2_managed_prefix_list",
    "aws_kms_alias",
    "aws_prefix_list",
    "aws_ssm_parameter",
    "aws_subnets",
    "aws_vpc",
]


class NoCalls(BaseDataCheck):
    """In: a data source that calls AWS. It fails wherever it stands."""

    def __init__(self) -> None:
        super().__init__(
            "Take what AWS knows as an input: a data source that calls AWS makes a plan need an account",
            "CKV_GW_8",
            [CheckCategories.CONVENTION],
            CALLS_AWS,
        )

    def scan_data_conf(self, conf: dict[str, list[object]]) -> CheckResult:  # noqa: ARG002 - Checkov's signature
        return CheckResult.FAILED


check = NoCalls()
