"""The ends of the audit chains, written down in the ledger: what is in the log later has to reach at least there.

In: a shard's head, now and then. Out: items in the ledger's table, one for each ten minutes in which there was one:

    pk `audit#<shard>`   sk `head#2026-11-21T14:20Z`   `sequence`, `hash` and `time` of the last record,
                                                       `at` and `expires_at` (epoch seconds)

Whoever can write to the audit bucket cannot write here, and the other way round.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING, Any, Final

from gwctl.audit.chain import DatedHead, Head
from gwctl.stores.aws.clients import AWS_ERRORS
from gwctl.stores.interfaces import UnavailableError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

PREFIX: Final = "audit#"
SLOT_SECONDS: Final = 600
KEPT_SECONDS: Final = 800 * 86400


class HeadTable:
    """Heads in a table with the string keys `pk` and `sk`. Blocking; safe to share between threads."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Callable[[], float] = time) -> None:
        self._client: Any = client
        self._table = table
        self._clock = clock

    def publish(self, shard: str, head: Head, time: str) -> None:
        """Writes a head down, in place of an older one of the same ten minutes. One PutItem."""
        now = int(self._clock())
        slot = datetime.fromtimestamp(now - now % SLOT_SECONDS, UTC)
        item = {
            "pk": {"S": f"{PREFIX}{shard}"},
            "sk": {"S": f"head#{slot:%Y-%m-%dT%H:%MZ}"},
            "sequence": {"N": str(head.sequence)},
            "hash": {"S": head.hash},
            "time": {"S": time},
            "at": {"N": str(now)},
            "expires_at": {"N": str(now + KEPT_SECONDS)},
        }
        try:
            self._client.put_item(TableName=self._table, Item=item)
        except AWS_ERRORS as error:
            raise UnavailableError(f"{self._table}: {error}") from error

    def all(self) -> Iterator[DatedHead]:
        """Every head of every shard. Reads the whole table."""
        start: Mapping[str, Any] = {}
        while True:
            try:
                answer = self._client.scan(
                    TableName=self._table,
                    FilterExpression="begins_with(pk, :audit)",
                    ExpressionAttributeValues={":audit": {"S": PREFIX}},
                    **start,
                )
            except AWS_ERRORS as error:
                raise UnavailableError(f"{self._table}: {error}") from error
            yield from map(head_of, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def head_of(item: Mapping[str, Any]) -> DatedHead:
    """The head that an item of the table stands for, in DynamoDB's JSON."""
    head = Head(int(item["sequence"]["N"]), item["hash"]["S"])
    return DatedHead(item["pk"]["S"].removeprefix(PREFIX), head, item["time"]["S"], int(item["at"]["N"]))
