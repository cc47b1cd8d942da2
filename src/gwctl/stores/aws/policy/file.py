"""What a policy file held when it was applied last: an object beside the snapshots, kept and lost with them."""

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.stores.aws.clients import AWS_ERRORS, code_of
from gwctl.stores.aws.policy.snapshots import MISSING
from gwctl.stores.interfaces import FileRecord, UnavailableError

RECORD: Final = "policy-file.json"


class S3FileRecordStore:
    """See `gwctl.stores.interfaces.FileRecordStore`."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self) -> FileRecord:
        """See `FileRecordStore.read`. One GetObject."""
        try:
            return FileRecord.from_json(self._client.get_object(Bucket=self._bucket, Key=RECORD)["Body"].read())
        except ClientError as error:
            if code_of(error) in MISSING:
                return FileRecord()
            raise UnavailableError(f"{self._bucket}/{RECORD}: {error}") from error
        except BotoCoreError as error:
            raise UnavailableError(f"{self._bucket}/{RECORD}: {error}") from error

    def write(self, record: FileRecord) -> None:
        """See `FileRecordStore.write`. One PutObject."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=RECORD, Body=record.to_json().encode())
        except AWS_ERRORS as error:
            raise UnavailableError(f"{self._bucket}/{RECORD}: {error}") from error
