"""What the admin API needs in the local AWS. In: its endpoint and the names. Out: tables and a bucket that exist.

In a deployment Terraform makes them, with the same keys.
"""

from collections.abc import Mapping
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from gwctl.admin.runtime import Settings, SnapshotPlace, Tables

REGION: Final = "us-east-1"
DEPLOYMENT: Final = "local"
SETTINGS: Final = Settings(
    deployment=DEPLOYMENT,
    snapshot=SnapshotPlace(bucket="gwctl-local-policy"),
    tables=Tables(documents="gwctl-local-documents", audit="gwctl-local-audit", usage="gwctl-local-usage"),
)


def client_options(endpoint_url: str, access_key: str = "local") -> dict[str, str]:
    """What a boto3 client needs to speak to the local AWS, whatever the person's own AWS settings are."""
    return {
        "endpoint_url": endpoint_url,
        "region_name": REGION,
        "aws_access_key_id": access_key,
        "aws_secret_access_key": "local",
    }


def ensure(options: Mapping[str, str], settings: Settings = SETTINGS) -> None:
    """Makes what is missing. `options` are those of `client_options`. Raises botocore's errors."""
    make: Any = boto3.client
    config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
    dynamodb = make("dynamodb", config=config, **options)
    s3 = make("s3", config=config, **options)
    for table in settings.tables.model_dump().values():
        _ignore("ResourceInUseException", dynamodb.create_table, **table_definition(table))
    _ignore("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket=settings.snapshot.bucket)


def table_definition(name: str) -> dict[str, Any]:
    """A table with the string keys `pk` and `sk`, as modules/ledger makes it."""
    keys = ("pk", "HASH"), ("sk", "RANGE")
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys],
    }


def _ignore(code: str, call: Any, **arguments: Any) -> None:
    try:
        call(**arguments)
    except ClientError as error:
        response: Any = error.response
        if response["Error"]["Code"] != code:
            raise
