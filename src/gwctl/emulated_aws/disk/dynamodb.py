"""DynamoDB of the emulated AWS as data. In: what a request has changed in moto's tables. Out: rows of the file."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from moto.dynamodb.models.table import Table

from gwctl.emulated_aws.call import Call
from gwctl.emulated_aws.disk.file import AwsFile
from gwctl.emulated_aws.disk.items import ItemName, backend, find_item, table_of, written

SERVICE: Final = "DynamoDB"
WRITES: Final = {
    "BatchWriteItem",
    "CreateTable",
    "DeleteItem",
    "DeleteTable",
    "PutItem",
    "TagResource",
    "TransactWriteItems",
    "UntagResource",
    "UpdateContinuousBackups",
    "UpdateItem",
    "UpdateTable",
    "UpdateTimeToLive",
}
_BYTES: Final = "bytes in base64"


def restore(file: AwsFile) -> None:
    """Fill moto's backends, which must be empty."""
    for region, name, definition in file.run("SELECT region, name, definition FROM tables"):
        backend(region).create_table(name=name, **json.loads(definition))
    for region, name, item in file.run("SELECT region, name, item FROM items"):
        backend(region).tables[name].put_item(json.loads(item, object_hook=_from_bytes))


def keep(file: AwsFile, call: Call, _answer: bytes) -> None:
    """Write what one of WRITES has changed: items as they are now, or a table's definition."""
    names = list(written(call.region, call.action, call.request))
    with file.transaction():
        for name in names:
            _keep_item(file, name)
        if not names:
            _keep_table(file, call.region, table_of(call.request))


def _keep_item(file: AwsFile, name: ItemName) -> None:
    item = find_item(name)
    if item is None:
        file.run("DELETE FROM items WHERE region = ? AND name = ? AND key = ?", *name)
    else:
        content = json.dumps(item.to_json()["Attributes"], separators=(",", ":"), default=_bytes)
        file.run("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", *name, content)


def _keep_table(file: AwsFile, region: str, name: str) -> None:
    """A table that is gone is forgotten with everything in it."""
    table = backend(region).tables.get(name)
    if table is None:
        file.run("DELETE FROM tables WHERE region = ? AND name = ?", region, name)
        file.run("DELETE FROM items WHERE region = ? AND name = ?", region, name)
    else:
        file.run("INSERT OR REPLACE INTO tables VALUES (?, ?, ?)", region, name, json.dumps(_definition(table)))


def _definition(table: Table) -> Mapping[str, Any]:
    """What `create_table` takes."""
    return {
        "schema": table.schema,
        "attr": table.attr,
        "throughput": None if table.billing_mode == "PAY_PER_REQUEST" else _capacity(table),
        "billing_mode": table.billing_mode,
        "indexes": [index.describe() for index in table.indexes],
        "global_indexes": [index.describe() for index in table.global_indexes],
        "streams": None,
        "sse_specification": None,
        "tags": table.tags,
        "deletion_protection_enabled": table.deletion_protection_enabled,
        "warm_throughput": None,
    }


def _capacity(table: Table) -> dict[str, int]:
    names = ("ReadCapacityUnits", "WriteCapacityUnits")
    return {name: table.throughput[name] for name in names}


def _bytes(value: Any) -> dict[str, str]:
    return {_BYTES: base64.b64encode(value).decode()}


def _from_bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value[_BYTES]) if value.keys() == {_BYTES} else value
