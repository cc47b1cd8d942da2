"""The audit log's files in S3, as Firehose has written them. In: a bucket. Out: a `Source` of records."""

from collections.abc import Iterable
from typing import Any

from gwctl.core.errors import UserError
from gwctl.stores.aws.clients import AWS_ERRORS


class AuditBucket:
    """The objects of a bucket below a prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str = "records/") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def files(self) -> Iterable[str]:
        """See `Source.files`. Raises UserError: the bucket cannot be read."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        try:
            for page in pages:
                yield from (item["Key"] for item in page.get("Contents", ()))
        except AWS_ERRORS as error:
            raise UserError(f"the audit log in bucket {self._bucket} cannot be read ({error})") from error

    def read(self, name: str) -> bytes:
        """See `Source.read`. Raises UserError: the object cannot be read."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
        except AWS_ERRORS as error:
            raise UserError(f"{name} in bucket {self._bucket} cannot be read ({error})") from error
