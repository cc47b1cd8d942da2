"""What admin API and agent need in the local AWS. In: its endpoint and the names. Out: tables, buckets and a stream.

In a deployment Terraform makes them, with the same keys.
"""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from gwctl.stores.aws import local_names as aws_names
from gwctl.stores.aws.clients import PATIENT, code_of, connect
from gwctl.stores.aws.local_names import client_options as client_options
from gwctl.stores.aws.settings import Settings, SnapshotPlace, Tables

SETTINGS: Final = Settings(
    deployment=aws_names.DEPLOYMENT,
    snapshot=SnapshotPlace(bucket=aws_names.SNAPSHOT_BUCKET),
    tables=Tables(
        documents=aws_names.DOCUMENTS_TABLE,
        audit=aws_names.AUDIT_TABLE,
        usage=aws_names.USAGE_TABLE,
        ledger=aws_names.LEDGER_TABLE,
    ),
)


def ensure(options: Mapping[str, str], settings: Settings = SETTINGS) -> None:
    """Makes what is missing. `options` are those of `client_options`. Raises botocore's errors."""
    s3 = connect("s3", PATIENT, **options)
    wanted = {settings.snapshot.bucket, aws_names.AUDIT_BUCKET}
    if wanted <= {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        return  # they are made last
    dynamodb = connect("dynamodb", PATIENT, **options)
    for table in sorted({*settings.tables.model_dump(exclude_none=True).values(), aws_names.LEDGER_TABLE}):
        _ignore("ResourceInUseException", dynamodb.create_table, **table_definition(table))
    firehose = connect("firehose", PATIENT, **options)
    destination = {
        "BucketARN": f"arn:aws:s3:::{aws_names.AUDIT_BUCKET}",
        "RoleARN": "arn:aws:iam::123456789012:role/local",  # the API wants one; nobody looks at it here
        "Prefix": "events/",
    }
    _ignore(
        "ResourceInUseException",
        firehose.create_delivery_stream,
        DeliveryStreamName=aws_names.AUDIT_STREAM,
        DeliveryStreamType="DirectPut",
        ExtendedS3DestinationConfiguration=destination,
    )
    for bucket in sorted(wanted):
        _ignore("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket=bucket)


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
        if code_of(error) != code:
            raise
