"""Audit records to a Firehose delivery stream. In: records as lines. Out: all of them accepted, or an error.

Limits (Amazon Data Firehose, PutRecordBatch): 500 records and 4 MiB a call, 1,000 KiB a record. A call may accept some
of its records and refuse others: only those are sent again. Order does not matter, the records' chain keeps it.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from gwctl.stores.aws.clients import AWS_ERRORS
from gwctl.stores.interfaces import UnavailableError

if TYPE_CHECKING:
    from types_boto3_firehose import FirehoseClient

log = logging.getLogger(__name__)

MAX_RECORDS: Final = 500
MAX_BYTES: Final = 4 * 1024 * 1024
MAX_RECORD: Final = 1000 * 1024


class AuditStream:
    """A delivery stream. Blocking: to be called in a thread, by one at a time."""

    def __init__(self, client: "FirehoseClient", name: str) -> None:
        self._client: Any = client
        self._name = name

    def put(self, lines: Sequence[bytes]) -> None:
        """Sends the lines, each with its line end, in as many calls as it takes.

        Raises UnavailableError when some of them were not accepted; which ones is not said: send all again.
        """
        for batch in batches(lines):
            left = self._put(batch)
            if left:
                left = self._put(left)
            if left:
                raise UnavailableError(f"{self._name} did not accept {len(left)} of {len(batch)} records")

    def _put(self, batch: Sequence[bytes]) -> list[bytes]:
        """Those that were not accepted."""
        try:
            answer = self._client.put_record_batch(
                DeliveryStreamName=self._name, Records=[{"Data": line} for line in batch]
            )
        except AWS_ERRORS as error:
            raise UnavailableError(f"{self._name}: {error}") from error
        if not answer["FailedPutCount"]:
            return []
        results = zip(batch, answer["RequestResponses"], strict=True)
        failed = [(line, result) for line, result in results if result.get("ErrorCode")]
        log.warning("%s refused %d of %d records: %s", self._name, len(failed), len(batch), failed[0][1]["ErrorCode"])
        return [line for line, _ in failed]


def batches(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The lines in groups that one call takes. Raises ValueError for a line that no call takes."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        if len(line) > MAX_RECORD:
            raise ValueError(f"a record of {len(line)} bytes is larger than Firehose takes")
        if len(batch) == MAX_RECORDS or size + len(line) > MAX_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield batch
