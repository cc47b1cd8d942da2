"""A job that one agent of the fleet does at a time, and not more often than it should.

In: the job's name, how often. Out: whether it is ours to do now. In the ledger's table: pk `job#<name>`, sk `claim`,
with `until` (epoch seconds), `agent` and `expires_at`. Who dies at work holds the job up until `until`, and no longer.
"""

from collections.abc import Callable
from time import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.ledger.quotas.store import StoreUnavailable
from gwctl.stores.aws.clients import code_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class JobClaims:
    """Claims in a table with the string keys `pk` and `sk`. Blocking; safe to share between threads."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Callable[[], float] = time) -> None:
        self._client: Any = client
        self._table = table
        self._clock = clock

    def claim(self, job: str, agent: str, seconds: int) -> bool:
        """True for the one caller in `seconds` whose turn it is. One UpdateItem. Raises StoreUnavailable."""
        now = int(self._clock())
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"job#{job}"}, "sk": {"S": "claim"}},
                UpdateExpression="SET #until = :until, #agent = :agent, expires_at = :gone",
                ConditionExpression="attribute_not_exists(#until) OR #until <= :now",
                ExpressionAttributeNames={"#until": "until", "#agent": "agent"},
                ExpressionAttributeValues={
                    ":until": {"N": str(now + seconds)},
                    ":agent": {"S": agent},
                    ":gone": {"N": str(now + seconds + 7 * 86400)},
                    ":now": {"N": str(now)},
                },
            )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise StoreUnavailable(f"{self._table}: {error}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"{self._table}: {error}") from error
        return True
