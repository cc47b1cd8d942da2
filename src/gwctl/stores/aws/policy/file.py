"""What a policy file held when it was applied last: an object beside the snapshots, kept and lost with them."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.policy.state import Section
from gwctl.stores.aws.clients import AWS_ERRORS, code_of
from gwctl.stores.aws.policy.snapshots import MISSING
from gwctl.stores.interfaces import UnavailableError

RECORD: Final = "policy-file.json"


@dataclass(frozen=True)
class FileRecord:
    """The hash of the documents that the file held, and their labels. An empty hash: that did not come to its end."""

    sha256: str = ""
    named: frozenset[tuple[Section, str]] = field(default_factory=frozenset[tuple[Section, str]])


class FileRecordStore:
    """The record in S3. Both methods may raise UnavailableError."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self) -> FileRecord:
        """An empty one when there is none yet."""
        try:
            content = json.loads(self._client.get_object(Bucket=self._bucket, Key=RECORD)["Body"].read())
        except ClientError as error:
            if code_of(error) in MISSING:
                return FileRecord()
            raise UnavailableError(f"{self._bucket}/{RECORD}: {error}") from error
        except BotoCoreError as error:
            raise UnavailableError(f"{self._bucket}/{RECORD}: {error}") from error
        return FileRecord(content["sha256"], frozenset((section, name) for section, name in content["named"]))

    def write(self, record: FileRecord) -> None:
        """Replaces it."""
        body = json.dumps({"sha256": record.sha256, "named": sorted(record.named)}).encode()
        try:
            self._client.put_object(Bucket=self._bucket, Key=RECORD, Body=body)
        except AWS_ERRORS as error:
            raise UnavailableError(f"{self._bucket}/{RECORD}: {error}") from error
