"""What lies still: buckets, tables, keys, topics, streams, secrets."""

from typing import Any

from plan.kit.tfplan import UNKNOWN, Plan, Resource
from plan.rules.policies import statements_of


def _beside(plan: Plan, bucket: Resource, kind: str) -> Resource | None:
    """The companion of a bucket: modules/bucket makes one of each kind in the same module."""
    return next((each for each in plan.of(kind) if each.module == bucket.module), None)


def _lacks(plan: Plan, kind: str, what: str, fine: Any) -> list[str]:
    return [
        f"{bucket.address}: {what}"
        for bucket in plan.of("aws_s3_bucket")
        if (companion := _beside(plan, bucket, kind)) is None or not fine(bucket, companion)
    ]


def buckets_are_encrypted(plan: Plan) -> list[str]:
    """With a KMS key; with SSE-S3 only where access logs are delivered, which know no other."""

    def fine(bucket: Resource, companion: Resource) -> bool:
        default = companion.block("rule").get("apply_server_side_encryption_by_default") or [{}]
        wanted = "AES256" if "-access-logs-" in str(bucket.get("bucket")) else "aws:kms"
        return default[0].get("sse_algorithm") == wanted

    return _lacks(plan, "aws_s3_bucket_server_side_encryption_configuration", "not encrypted as it should be", fine)


def buckets_are_private(plan: Plan) -> list[str]:
    """Public access is blocked in all four ways, and every object belongs to the bucket's owner."""
    ways = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    blocked = _lacks(
        plan,
        "aws_s3_bucket_public_access_block",
        "public access is not blocked",
        lambda _, companion: all(companion.get(way) is True for way in ways),
    )
    return blocked + _lacks(
        plan,
        "aws_s3_bucket_ownership_controls",
        "objects can have other owners",
        lambda _, companion: companion.block("rule").get("object_ownership") == "BucketOwnerEnforced",
    )


def buckets_are_versioned(plan: Plan) -> list[str]:
    """What is overwritten can be had back."""
    return _lacks(
        plan,
        "aws_s3_bucket_versioning",
        "not versioned",
        lambda _, companion: companion.block("versioning_configuration").get("status") == "Enabled",
    )


def buckets_refuse_plain_http_and_old_tls(plan: Plan) -> list[str]:
    """The policy denies everybody both, on the bucket and its objects."""

    def fine(bucket: Resource, companion: Resource) -> bool:
        arn = f"arn:aws:s3:::{bucket.get('bucket')}"
        conditions = (("Bool", "aws:SecureTransport", "false"), ("NumericLessThan", "s3:TlsVersion", "1.2"))
        return all(
            any(
                statement.denies(*condition)
                and statement.actions == ("s3:*",)
                and set(statement.resources) == {arn, f"{arn}/*"}
                for statement in statements_of(companion)
            )
            for condition in conditions
        )

    return _lacks(plan, "aws_s3_bucket_policy", "can be reached without TLS 1.2", fine)


def tables_are_encrypted_and_recoverable(plan: Plan) -> list[str]:
    """With a key of ours, and to any second of the last 35 days."""
    return [
        table.address
        for table in plan.of("aws_dynamodb_table")
        if table.block("server_side_encryption").get("enabled") is not True
        or not table.block("server_side_encryption").get("kms_key_arn")
        or table.block("point_in_time_recovery").get("enabled") is not True
    ]


def keys_rotate(plan: Plan) -> list[str]:
    """Every year, and a deleted one can be had back for a month."""
    return [
        key.address
        for key in plan.of("aws_kms_key")
        if key.get("enable_key_rotation") is not True or key.get("deletion_window_in_days") != 30
    ]


def queues_topics_and_streams_are_encrypted(plan: Plan) -> list[str]:
    """With a key of ours."""
    found = [
        each.address
        for each in plan.of("aws_sns_topic", "aws_sqs_queue")
        if not each.get("kms_master_key_id") or each.get("kms_master_key_id") == "alias/aws/sns"
    ]
    return found + [
        stream.address
        for stream in plan.of("aws_kinesis_firehose_delivery_stream")
        if stream.block("server_side_encryption").get("key_type") != "CUSTOMER_MANAGED_CMK"
        or not stream.block("extended_s3_configuration").get("kms_key_arn")
    ]


def secrets_have_no_value_in_the_plan(plan: Plan) -> list[str]:
    """Terraform makes the empty secret: a value would be in its state."""
    found = [each.address for each in plan.of("aws_secretsmanager_secret_version", "aws_ssm_parameter")]
    return found + [
        secret.address
        for secret in plan.of("aws_secretsmanager_secret")
        if secret.get("kms_key_id") in (None, "") and secret.get("kms_key_id") != UNKNOWN
    ]
