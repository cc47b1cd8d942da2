"""What is made in one module only, so that there is one place to check."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class _OnePlace(BaseResourceCheck):
    """In: a resource and the file it stands in. Out: passed in the one module that may have it."""

    def __init__(self, name: str, id: str, types: list[str], module: str) -> None:
        super().__init__(name, id, [CheckCategories.CONVENTION], types)
        self._folder = f"/{module}/"

    def scan_resource_conf(self, conf: dict[str, list[object]]) -> CheckResult:  # noqa: ARG002 - Checkov's signature
        here = self._folder in self.entity_path.replace("\\", "/")
        return CheckResult.PASSED if here else CheckResult.FAILED


buckets = _OnePlace(
    "Make every bucket with modules/bucket: private, versioned, encrypted, without plain HTTP",
    "CKV_GW_1",
    ["aws_s3_bucket"],
    "bucket",
)
keys = _OnePlace(
    "Make every KMS key with modules/key: rotated, with a policy that names its users",
    "CKV_GW_2",
    ["aws_kms_key"],
    "key",
)
