"""S3: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

import json
import re
from typing import Any, Final

from gwctl.emulated_aws.shim.patching import replace


def bucket_logging_by_policy() -> None:
    """S3 delivers access logs where a bucket policy allows logging.s3.amazonaws.com to put objects below the prefix.

    moto fails with a 500 when the policy has a statement whose principal is "*", as "refuse what is not TLS" has, and
    knows no wildcard in a resource but a last `/*`. Needed by aws_s3_bucket_logging.
    """
    from moto.s3.models import FakeBucket
    from moto.s3.utils import LOGGING_SERVICE_PRINCIPAL

    def allowed(target_bucket: Any, target_prefix: str | None) -> bool:
        policy = json.loads(target_bucket.policy) if target_bucket.policy else {"Statement": []}
        wanted = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}"
        for statement in policy["Statement"]:
            principal = statement.get("Principal")
            services = _list(principal.get("Service")) if isinstance(principal, dict) else []
            if (
                statement.get("Effect") == "Allow"
                and LOGGING_SERVICE_PRINCIPAL in services
                and "s3:PutObject" in _list(statement.get("Action"))
                and any(_matches(resource, wanted) for resource in _list(statement.get("Resource")))
            ):
                return True
        return False

    replace(FakeBucket, "_log_permissions_enabled_policy", staticmethod(allowed))


def bucket_policies_without_conditions() -> None:
    """S3 applies a statement of a bucket policy only if its condition is met. moto refuses when it is not met.

    So "refuse what is not TLS" would refuse everything. Statements with a condition are left out here: most of ours ask
    for TLS, which the emulator does not speak. Needed to read and write objects in every bucket, the state's above all.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket

    def permission(self: Any, action: str, resource: str) -> Any:
        statements = _list(json.loads(self.policy)["Statement"]) if self.policy else []
        unconditional = [statement for statement in statements if not statement.get("Condition")]
        if not unconditional:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({"Statement": unconditional})).is_action_permitted(action, resource)

    replace(FakeBucket, "get_permission", permission)


def delete_markers_are_deleted() -> None:
    """S3 deletes a delete marker like any version. moto fails with a 500 when versioning has been suspended before.

    Needed to destroy a bucket from which an object was deleted: Terraform suspends versioning first.
    """
    from moto.s3.models import FakeDeleteMarker

    replace(FakeDeleteMarker, "dispose", lambda *_, **__: None)


def object_lock_of_a_bucket_with_objects() -> None:
    """S3 changes the default retention of a bucket that has objects. moto refuses it.

    Needed to destroy aws_s3_bucket_object_lock_configuration once there are audit records.
    """
    from moto.s3.models import S3Backend

    original = S3Backend.put_object_lock_configuration

    def put(self: Any, bucket_name: str, lock_enabled: bool, *rule: Any, **more: Any) -> None:
        bucket = self.get_bucket(bucket_name)
        keys, bucket.keys = bucket.keys, type(bucket.keys)()
        try:
            original(self, bucket_name, lock_enabled, *rule, **more)
        finally:
            bucket.keys = keys

    replace(S3Backend, "put_object_lock_configuration", put)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


_ANY: Final = re.escape("*")


def _matches(pattern: str, arn: str) -> bool:
    """Whether every object below the ARN's prefix matches a policy's resource."""
    return re.fullmatch(re.escape(pattern).replace(_ANY, ".*"), f"{arn}x") is not None


PATCHES: Final = (
    bucket_logging_by_policy,
    bucket_policies_without_conditions,
    delete_markers_are_deleted,
    object_lock_of_a_bucket_with_objects,
)
