"""Calls of DynamoDB that the policy's stores share.

In: a client and a table's name. Out: items, and errors as `stores` has them. Every read is consistent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.stores.aws.clients import code_of
from gwctl.stores.interfaces import PolicyMovedError, UnavailableError

MAX_ITEMS: Final = 100
"""Of one transaction, and of one BatchGetItem."""

ROUNDS: Final = 5
MOVED: Final = {"ConditionalCheckFailed", "TransactionConflict", "DuplicateItem"}
THROTTLED: Final = {"ProvisionedThroughputExceeded", "ThrottlingError"}

Item: TypeAlias = Mapping[str, Any]


class Table:
    """One table with the string keys `pk` and `sk`. Safe to share between threads."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def get(self, key: Item) -> Item | None:
        """The item, None when there is none. One GetItem. Raises UnavailableError."""
        with translated(self.name):
            return self._client.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item")

    def put(self, item: Item) -> None:
        """Replaces an item, whatever is there. One PutItem. Raises UnavailableError."""
        with translated(self.name):
            self._client.put_item(TableName=self.name, Item=item)

    def query(
        self, condition: str, values: Item, *, limit: int | None = None, newest_first: bool = False, only: str = ""
    ) -> Iterator[Item]:
        """The items that meet a condition on the keys, page by page. `only` names the attributes to read."""
        more: dict[str, Any] = {"Limit": limit} if limit else {}
        if only:
            more["ProjectionExpression"] = only
        left = limit
        while True:
            with translated(self.name):
                answer = self._client.query(
                    TableName=self.name,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ConsistentRead=True,
                    ScanIndexForward=not newest_first,
                    **more,
                )
            items = answer["Items"] if left is None else answer["Items"][:left]
            yield from items
            left = None if left is None else left - len(items)
            if "LastEvaluatedKey" not in answer or left == 0:
                return
            more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def batch_get(self, keys: Sequence[Item]) -> Iterator[Item]:
        """Those of the items that are there, in any order. Raises UnavailableError."""
        for start in range(0, len(keys), MAX_ITEMS):
            wanted: Any = {self.name: {"Keys": keys[start : start + MAX_ITEMS], "ConsistentRead": True}}
            for _ in range(ROUNDS):
                with translated(self.name):
                    answer = self._client.batch_get_item(RequestItems=wanted)
                yield from answer["Responses"].get(self.name, [])
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    break
            else:
                raise UnavailableError(f"{self.name}: throttled")

    def transact(self, writes: Sequence[Any]) -> None:
        """One TransactWriteItems. Raises PolicyMovedError when a condition does not hold, and UnavailableError."""
        with translated(self.name):
            self._client.transact_write_items(TransactItems=writes)

    def delete(self, keys: Iterable[Item]) -> None:
        """Deletes items, MAX_ITEMS in a transaction: that takes no right beyond deleting. Raises UnavailableError."""
        writes = [{"Delete": {"TableName": self.name, "Key": {"pk": key["pk"], "sk": key["sk"]}}} for key in keys]
        for start in range(0, len(writes), MAX_ITEMS):
            self.transact(writes[start : start + MAX_ITEMS])


@contextmanager
def translated(table: str) -> Iterator[None]:
    """Errors of DynamoDB → those of `stores`."""
    try:
        yield
    except ClientError as error:
        response: Any = error.response
        reasons = {reason.get("Code") for reason in response.get("CancellationReasons", [])} - {"None", None}
        code = code_of(error)
        if code in {"TransactionInProgressException", "TransactionConflictException"} or (
            code == "TransactionCanceledException" and reasons and reasons <= MOVED | THROTTLED
        ):
            raise PolicyMovedError(f"{table}: {error}") from error
        raise UnavailableError(f"{table}: {error}") from error
    except BotoCoreError as error:
        raise UnavailableError(f"{table}: {error}") from error


def number(value: int) -> dict[str, str]:
    """A number as DynamoDB wants it."""
    return {"N": str(value)}


def chunks(data: bytes, size: int = 350_000) -> list[bytes]:
    """Bytes in parts that fit into one item each, which holds 400 KB."""
    return [data[start : start + size] for start in range(0, len(data), size)]
