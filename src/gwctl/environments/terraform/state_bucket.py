"""The bucket for Terraform's state. In: a target. Out: what was done; running it again changes nothing.

Versioned, so that a broken state can be taken back; encrypted; reached by TLS alone and by nobody from outside.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.core.errors import UserError
from gwctl.environments.terraform.aws import clients
from gwctl.environments.terraform.workspace import Target
from gwctl.stores.aws.clients import code_of

KEPT_VERSIONS_DAYS: Final = 365
KEPT_PLANS_DAYS: Final = 1
PLANS: Final = "plans/"
"""Where the deploy workflow keeps a plan until it is approved. It holds every secret of its environment."""
_MISSING: Final = frozenset({"404", "NoSuchBucket", "NotFound"})
_UNSET: Final = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_NOT_RETURNED: Final = "ResponseMetadata"


@dataclass(frozen=True)
class Setting:
    """One thing that the bucket must be: `get` what it is, `put` what it should be."""

    what: str
    get: str
    put: str
    wanted: dict[str, Any]


def exists(target: Target) -> bool:
    """Whether the bucket is there. Raises UserError: it is somebody else's, or may not be asked for."""
    bucket = target.environment.state.bucket
    try:
        _s3(target).head_bucket(Bucket=bucket, ExpectedBucketOwner=target.environment.account_id)
    except ClientError as error:
        if code_of(error) in _MISSING:
            return False
        raise UserError(
            f"the state's bucket {bucket} answers {code_of(error)}: it belongs to another account, or your role may "
            "not read it; choose another name in state.bucket, or ask for s3:ListBucket"
        ) from error
    except BotoCoreError as error:
        raise UserError(f"the state's bucket {bucket} cannot be asked for ({error}); check the connection") from error
    return True


def bootstrap(target: Target, *, dry_run: bool = False) -> list[str]:
    """Make the bucket what it should be; says what was (or with `dry_run` would be) done. Raises UserError."""
    try:
        return list(_steps(target, dry_run=dry_run))
    except ClientError as error:
        bucket = target.environment.state.bucket
        raise UserError(
            f"AWS refused a step for bucket {bucket}: {error}; run it with a role that may manage it"
        ) from error
    except BotoCoreError as error:
        raise UserError(f"AWS cannot be reached ({error}); check the connection, and run it again") from error


def settings(target: Target) -> list[Setting]:
    """All that the bucket must be."""
    environment = target.environment
    arn = f"arn:aws:s3:::{environment.state.bucket}"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    return [
        Setting(
            "closed to the public",
            "get_public_access_block",
            "put_public_access_block",
            {"PublicAccessBlockConfiguration": dict.fromkeys(blocked, True)},
        ),
        Setting(
            "without access lists",
            "get_bucket_ownership_controls",
            "put_bucket_ownership_controls",
            {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        ),
        Setting(
            "versioned",
            "get_bucket_versioning",
            "put_bucket_versioning",
            {"VersioningConfiguration": {"Status": "Enabled"}},
        ),
        Setting(
            "encrypted",
            "get_bucket_encryption",
            "put_bucket_encryption",
            {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [
                        {
                            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
                            "BucketKeyEnabled": True,
                        }
                    ]
                }
            },
        ),
        Setting("reached by TLS alone", "get_bucket_policy", "put_bucket_policy", {"Policy": json.dumps(policy)}),
        Setting(
            f"without versions replaced {KEPT_VERSIONS_DAYS} days ago, and without plans of yesterday",
            "get_bucket_lifecycle_configuration",
            "put_bucket_lifecycle_configuration",
            {
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "ID": "old-versions",
                            "Status": "Enabled",
                            "Filter": {"Prefix": ""},
                            "NoncurrentVersionExpiration": {"NoncurrentDays": KEPT_VERSIONS_DAYS},
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                        },
                        {
                            "ID": "saved-plans",
                            "Status": "Enabled",
                            "Filter": {"Prefix": PLANS},
                            "Expiration": {"Days": KEPT_PLANS_DAYS},
                            "NoncurrentVersionExpiration": {"NoncurrentDays": KEPT_PLANS_DAYS},
                        },
                    ]
                }
            },
        ),
    ]


def _steps(target: Target, *, dry_run: bool) -> Iterator[str]:
    s3 = _s3(target)
    environment = target.environment
    bucket, region = environment.state.bucket, environment.state_region
    there = exists(target)
    if not there:
        yield f"made in {region}"
        if not dry_run:
            # us-east-1 is the one region that must not be named.
            place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=bucket, **place)
            s3.get_waiter("bucket_exists").wait(Bucket=bucket)
    for setting in settings(target):
        if there and _is(setting, _current(getattr(s3, setting.get), bucket, environment.account_id)):
            continue
        yield setting.what
        if not dry_run:
            getattr(s3, setting.put)(Bucket=bucket, ExpectedBucketOwner=environment.account_id, **setting.wanted)
    if environment.state.lock_table:
        yield from _lock_table(target, environment.state.lock_table, dry_run=dry_run)


def _lock_table(target: Target, name: str, *, dry_run: bool) -> Iterator[str]:
    """The table for locks of programs that are older than S3's own."""
    dynamodb = clients(target)("dynamodb", target.environment.state_region)
    try:
        dynamodb.describe_table(TableName=name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        yield f"with the table {name} for locks"
        if not dry_run:
            dynamodb.create_table(
                TableName=name,
                AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
                SSESpecification={"Enabled": True},
            )
            dynamodb.get_waiter("table_exists").wait(TableName=name)


def _current(get: Callable[..., dict[str, Any]], bucket: str, owner: str) -> dict[str, Any]:
    try:
        answer = get(Bucket=bucket, ExpectedBucketOwner=owner)
    except ClientError as error:
        if code_of(error) in _UNSET:
            return {}
        raise
    return {name: value for name, value in answer.items() if name != _NOT_RETURNED}


def _is(setting: Setting, current: dict[str, Any]) -> bool:
    """Whether what AWS returned has all that is wanted. A policy is text; some answers lack the outer name."""
    name, wanted = next(iter(setting.wanted.items()))
    if name == "Policy":
        return json.loads(current.get("Policy", "{}")) == json.loads(wanted)
    return _covers(current.get(name, current), wanted)


def _covers(current: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(current, dict) and all(_covers(current.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(current, list) and len(current) == len(wanted) and all(map(_covers, current, wanted))
    return current == wanted


def _s3(target: Target) -> Any:
    return clients(target)("s3", target.environment.state_region)
