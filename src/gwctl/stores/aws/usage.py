"""The usage table in DynamoDB: the agent adds to it, reports read it. What is in it: `gwctl.ledger.usage.sums`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.ledger.usage.sums import (
    Counts,
    Detailed,
    Key,
    Total,
    agent_key,
    everybody_key,
    parse_detailed,
    parse_total,
    team_key,
)
from gwctl.stores.aws.clients import AWS_ERRORS
from gwctl.stores.interfaces import UnavailableError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

QUERIES: Final = 8
"""Days are read in parallel; a boto3 client keeps ten connections."""

Row = TypeVar("Row")


class DynamoUsageTable:
    """`UsageReports` and `UsageWriter` on a table with the string keys `pk` and `sk`. Safe to share between threads."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client: Any = client
        self._table = table

    def of_team(self, team: str, days: Iterable[date]) -> Iterator[Detailed]:
        """See `UsageReports.of_team`. One Query a day, and more for more than 1 MB."""
        yield from self._read([team_key(team, day) for day in days], parse_detailed)

    def of_all(self, days: Iterable[date]) -> Iterator[Total]:
        """See `UsageReports.of_all`. One Query a day, and more for more than 1 MB."""
        yield from self._read([everybody_key(day) for day in days], parse_total)

    def position(self, agent: str) -> str | None:
        """See `UsageWriter.position`. One consistent GetItem."""
        try:
            answer = self._client.get_item(TableName=self._table, Key=_key(agent_key(agent)), ConsistentRead=True)
        except AWS_ERRORS as error:
            raise UnavailableError(f"{self._table}: {error}") from error
        return answer["Item"]["position"]["S"] if "Item" in answer else None

    def add(
        self,
        updates: Mapping[Key, Mapping[str, int]],
        *,
        agent: str,
        before: str | None,
        after: str,
        events: Sequence[bytes] = (),  # noqa: ARG002 - on AWS the audit log is the record of requests
    ) -> bool:
        """See `UsageWriter.add`. One TransactWriteItems of at most 99 updates."""
        writes = [self._move(agent, before, after)]
        writes += [self._update(key, counts) for key, counts in updates.items() if counts]
        try:
            self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            response: Any = error.response
            reasons = response.get("CancellationReasons") or [{}]
            if reasons[0].get("Code") == "ConditionalCheckFailed":
                return False
            raise UnavailableError(f"{self._table}: {error}") from error
        except BotoCoreError as error:
            raise UnavailableError(f"{self._table}: {error}") from error
        return True

    def _move(self, agent: str, before: str | None, after: str) -> Any:
        item = {**_key(agent_key(agent)), "position": {"S": after}}
        put: dict[str, Any] = {"TableName": self._table, "Item": item}
        if before is None:
            return {"Put": {**put, "ConditionExpression": "attribute_not_exists(pk)"}}
        names, values = {"#position": "position"}, {":before": {"S": before}}
        return {
            "Put": {
                **put,
                "ConditionExpression": "#position = :before",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            }
        }

    def _update(self, key: Key, counts: Counts) -> Any:
        names = {f"#{n}": name for n, name in enumerate(counts)}
        values = {f":{n}": {"N": str(value)} for n, value in enumerate(counts.values())}
        return {
            "Update": {
                "TableName": self._table,
                "Key": _key(key),
                "UpdateExpression": "ADD " + ", ".join(f"#{n} :{n}" for n in range(len(counts))),
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            }
        }

    def _read(self, partitions: list[str], parse: Callable[[str, str, Counts], Row]) -> Iterator[Row]:
        with ThreadPoolExecutor(max_workers=max(1, min(QUERIES, len(partitions)))) as pool:
            for rows in pool.map(lambda pk: [parse(*_parts(item)) for item in self._query(pk)], partitions):
                yield from rows

    def _query(self, pk: str) -> Iterator[Mapping[str, Any]]:
        more: dict[str, Any] = {}
        while True:
            try:
                answer = self._client.query(
                    TableName=self._table,
                    KeyConditionExpression="pk = :pk",
                    ExpressionAttributeValues={":pk": {"S": pk}},
                    **more,
                )
            except AWS_ERRORS as error:
                raise UnavailableError(f"{self._table}: {error}") from error
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def counts_in(item: Mapping[str, Any]) -> dict[str, int]:
    """The counters of an item."""
    return {name: int(value["N"]) for name, value in item.items() if "N" in value}


def _parts(item: Mapping[str, Any]) -> tuple[str, str, Counts]:
    return item["pk"]["S"], item["sk"]["S"], counts_in(item)
