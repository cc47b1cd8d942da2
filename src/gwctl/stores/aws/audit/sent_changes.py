"""Up to which version the changes of the policy are in the audit log.

In the ledger's table: pk `job#changes`, sk `sent`, `version`.
"""

from typing import Any, Final

from gwctl.stores.aws.clients import AWS_ERRORS
from gwctl.stores.interfaces import UnavailableError

JOB: Final = "changes"
PLACE: Final = {"pk": {"S": f"job#{JOB}"}, "sk": {"S": "sent"}}


class SentMark:
    """The mark in a table with the string keys `pk` and `sk`. Blocking."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def version(self) -> int:
        """The version up to which changes were sent; 0: none. One consistent GetItem. Raises UnavailableError."""
        try:
            answer: Any = self._client.get_item(TableName=self._table, Key=PLACE, ConsistentRead=True)
        except AWS_ERRORS as error:
            raise UnavailableError(f"{self._table}: {error}") from error
        return int(answer["Item"]["version"]["N"]) if "Item" in answer else 0

    def save(self, version: int) -> None:
        """Moves the mark. One PutItem. Raises UnavailableError."""
        try:
            self._client.put_item(TableName=self._table, Item={**PLACE, "version": {"N": str(version)}})
        except AWS_ERRORS as error:
            raise UnavailableError(f"{self._table}: {error}") from error
