"""Items of moto's DynamoDB, by name. In: requests in DynamoDB's JSON. Out: which items they write, and these items."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

ItemName = tuple[str, str, str]
"""Region, table, and the item's key in JSON."""


def backend(region: str) -> DynamoDBBackend:
    """moto's DynamoDB of a region."""
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][region]


def table_of(part: Mapping[str, Any]) -> str:
    """The table that a request, or a part of one, names."""
    return str(part.get("TableName") or part["ResourceArn"]).rpartition("/")[2]


def written(region: str, action: str, request: Mapping[str, Any]) -> Iterator[ItemName]:
    """The items that a request may have written; none for what changes tables."""
    match action:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            yield item_name(region, request)
        case "TransactWriteItems":
            for operation in request["TransactItems"]:
                for part in operation.values():
                    yield item_name(region, part)
        case "BatchWriteItem":
            for table, operations in request["RequestItems"].items():
                for operation in operations:
                    for part in operation.values():
                        yield item_name(region, {"TableName": table, **part})
        case _:
            return


def item_name(region: str, part: Mapping[str, Any]) -> ItemName:
    """The name of the item that a part of a request is about."""
    table = table_of(part)
    found = backend(region).tables.get(table)
    attributes = part.get("Key") or part["Item"]
    key = {name: attributes[name] for name in (found.table_key_attrs if found else ())}
    return region, table, json.dumps(key, separators=(",", ":"))


def find_item(name: ItemName) -> Item | None:
    """The item of that name."""
    region, table, key = name
    found = backend(region).tables.get(table)
    return found.get_item(*_keys(found, key)) if found else None


def put_back(name: ItemName, item: Item | None) -> None:
    """Make an item what it was, None: not there."""
    region, table, key = name
    found = backend(region).tables.get(table)
    if found is None:
        return
    hash_key, range_key = _keys(found, key)
    if item is None:
        with suppress(KeyError):
            if range_key is None:
                del found.items[hash_key]
            else:
                del found.items[hash_key][range_key]
    elif range_key is None:
        found.items[hash_key] = item  # pyright: ignore[reportArgumentType] - moto's own type leaves such tables out
    else:
        found.items[hash_key][range_key] = item


def _keys(table: Table, key: str) -> tuple[DynamoType, DynamoType | None]:
    values = json.loads(key)
    name = table.range_key_attr
    return DynamoType(values[table.hash_key_attr]), DynamoType(values[name]) if name else None
