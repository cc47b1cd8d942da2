"""DynamoDB's transactions in moto: a failed one is undone item by item. In: moto, as imported. Out: moto, patched.

moto copies the whole tables of a transaction before it begins. With 50,000 items in a table that took seconds, for
every transaction.
"""

import copy
from typing import Any

import moto.dynamodb.models as moto_dynamodb
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from gwctl.emulated_aws.disk.items import find_item, item_name, put_back


class _Copy:
    """Stands for the module `copy` in moto's DynamoDB."""

    @staticmethod
    def deepcopy(value: Any) -> Any:
        return value if isinstance(value, Table) else copy.deepcopy(value)


def undo_only_what_was_touched() -> None:
    """Replace moto's way back: a copy of the items that a transaction names, not of their tables."""
    transact = DynamoDBBackend.transact_write_items

    def transact_write_items(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        parts = [part for operation in transact_items for part in operation.values()]
        names = [item_name(self.region_name, part) for part in parts if part.get("TableName") in self.tables]
        before = {name: copy.deepcopy(find_item(name)) for name in names}
        try:
            transact(self, transact_items)
        except BaseException:
            for name, item in before.items():
                put_back(name, item)
            raise

    setattr(moto_dynamodb, "copy", _Copy)  # noqa: B010 - a module attribute that its types do not know
    DynamoDBBackend.transact_write_items = transact_write_items
