"""What the emulated AWS holds, on disk: items of DynamoDB tables, objects of S3 buckets, delivery streams of Firehose,
and the things of the services that have a module of their own (`aws_cognito`, `aws_secrets`).

In: moto's backends, which keep everything in memory. Out: a SQLite file that has the same content whenever a request
has been answered, also after kill -9; and backends filled from it at the next start.

State is written, not requests: what changed is read out of the backend after the request that changed it. So nothing
depends on a replay giving the same ids again, and the file is as large as the content. Only the newest version of an
object is kept.
"""

import base64
import inspect
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.s3.models import FakeKey, S3Backend, s3_backends

from gwctl.core.errors import UserError

FILE: Final = "aws.sqlite3"
PARTITION: Final = "aws"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tables (region TEXT, name TEXT, definition TEXT, PRIMARY KEY (region, name));
CREATE TABLE IF NOT EXISTS items (region TEXT, name TEXT, key TEXT, item TEXT, PRIMARY KEY (region, name, key))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, region TEXT);
CREATE TABLE IF NOT EXISTS objects (bucket TEXT, key TEXT, body BLOB, about TEXT, PRIMARY KEY (bucket, key));
CREATE TABLE IF NOT EXISTS streams (region TEXT, name TEXT, request TEXT, PRIMARY KEY (region, name));
CREATE TABLE IF NOT EXISTS things (service TEXT, region TEXT, name TEXT, content TEXT,
    PRIMARY KEY (service, region, name)) WITHOUT ROWID;
"""

_BYTES: Final = "bytes in base64"

ItemName = tuple[str, str, str]
"""Region, table, and the item's key as `key_of` writes it."""


class AwsMemory:
    """The file in a directory. One process, one thread at a time."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / FILE
        self._seen: dict[tuple[str, str], FakeKey] = {}
        self._buckets: dict[str, str] = {}
        try:
            path.touch(mode=0o600)
            self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"{path} cannot be used ({error}); remove it to start with an empty AWS") from error

    def restore(self) -> None:
        """Fills moto's backends, which must be empty."""
        for region, name, definition in self._file.execute("SELECT region, name, definition FROM tables"):
            _dynamodb(region).create_table(name=name, **json.loads(definition))
        for region, name, item in self._file.execute("SELECT region, name, item FROM items"):
            _dynamodb(region).tables[name].put_item(json.loads(item, object_hook=_from_bytes))
        for name, region in self._file.execute("SELECT name, region FROM buckets"):
            _s3().create_bucket(name, region)
            self._buckets[name] = region
        for bucket, key, body, about in self._file.execute("SELECT bucket, key, body, about FROM objects"):
            facts = json.loads(about)
            stored = _s3().put_object(bucket, key, body, etag=facts["etag"], disable_notification=True)
            stored.set_metadata(facts["metadata"], replace=True)
            stored.last_modified = datetime.fromisoformat(facts["last_modified"])
            self._seen[bucket, key] = stored
        for region, request in self._file.execute("SELECT region, request FROM streams"):
            _create_stream(region, json.loads(request))

    def keep_items(self, names: Iterable[ItemName]) -> None:
        """Writes these items as they are now, gone ones included."""
        with self._transaction():
            for region, table_name, key in names:
                table = _dynamodb(region).tables.get(table_name)
                item = _find(table, key) if table else None
                if item is None:
                    self._file.execute(
                        "DELETE FROM items WHERE region = ? AND name = ? AND key = ?", (region, table_name, key)
                    )
                else:
                    self._put_item(region, table_name, key, item)

    def keep_table(self, region: str, name: str) -> None:
        """Writes a table's definition, or forgets a table that is gone with everything in it."""
        table = _dynamodb(region).tables.get(name)
        with self._transaction():
            if table is None:
                self._file.execute("DELETE FROM tables WHERE region = ? AND name = ?", (region, name))
                self._file.execute("DELETE FROM items WHERE region = ? AND name = ?", (region, name))
            else:
                definition = json.dumps(_definition(table))
                self._file.execute("INSERT OR REPLACE INTO tables VALUES (?, ?, ?)", (region, name, definition))

    def keep_stream(self, region: str, name: str, request: str) -> None:
        """Writes the request that made a delivery stream; an empty one forgets the stream."""
        with self._transaction():
            if request:
                self._file.execute("INSERT OR REPLACE INTO streams VALUES (?, ?, ?)", (region, name, request))
            else:
                self._file.execute("DELETE FROM streams WHERE region = ? AND name = ?", (region, name))

    def things(self, service: str) -> list[tuple[str, str, Any]]:
        """Region, name and content of everything that a service keeps, by name."""
        rows = self._file.execute(
            "SELECT region, name, content FROM things WHERE service = ? ORDER BY name", (service,)
        )
        return [(region, name, json.loads(content)) for region, name, content in rows]

    def keep_things(self, service: str, region: str, contents: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Writes a service's things by name; None forgets one."""
        with self._transaction():
            for name, content in contents.items():
                place = (service, region, name)
                if content is None:
                    self._file.execute("DELETE FROM things WHERE service = ? AND region = ? AND name = ?", place)
                else:
                    self._file.execute(
                        "INSERT OR REPLACE INTO things VALUES (?, ?, ?, ?)", (*place, json.dumps(content))
                    )

    def keep_object(self, bucket_name: str, key: str) -> None:
        """Writes one object as it is now, gone or not."""
        bucket = _s3().buckets.get(bucket_name)
        stored = bucket.keys[key] if bucket is not None and key in bucket.keys else None
        with self._transaction():
            if isinstance(stored, FakeKey):
                self._put_object((bucket_name, key), stored)
            else:
                self._file.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket_name, key))
                self._seen.pop((bucket_name, key), None)

    def keep_added_objects(self) -> None:
        """Writes the objects that have come in under keys of their own since the last time; looks at no others."""
        with self._transaction():
            for name, bucket in _s3().buckets.items():
                for key in reversed(bucket.keys):
                    if (name, key) in self._seen:
                        break
                    stored = bucket.keys[key]
                    if isinstance(stored, FakeKey):
                        self._put_object((name, key), stored)

    def keep_objects(self) -> None:
        """Writes the buckets, and the objects that are not the ones seen last time."""
        now = {
            (name, key): bucket.keys[key]
            for name, bucket in _s3().buckets.items()
            for key in bucket.keys
            if isinstance(bucket.keys[key], FakeKey)
        }
        buckets = {name: bucket.region_name for name, bucket in _s3().buckets.items()}
        with self._transaction():
            for name in self._buckets.keys() - buckets.keys():
                self._file.execute("DELETE FROM buckets WHERE name = ?", (name,))
            for name in buckets.keys() - self._buckets.keys():
                self._file.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?)", (name, buckets[name]))
            for place in self._seen.keys() - now.keys():
                self._file.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", place)
            for place, stored in now.items():
                if self._seen.get(place) is not stored:
                    self._put_object(place, stored)
        self._seen, self._buckets = now, buckets

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    def _put_object(self, place: tuple[str, str], stored: FakeKey) -> None:
        values = (*place, stored.value, json.dumps(_about(stored)))
        self._file.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", values)
        self._seen[place] = stored

    def _put_item(self, region: str, table: str, key: str, item: Item) -> None:
        content = json.dumps(item.to_json()["Attributes"], separators=(",", ":"), default=_bytes)
        self._file.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", (region, table, key, content))

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._file)


class _Transaction:
    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file

    def __enter__(self) -> None:
        self._file.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.execute("ROLLBACK" if kind else "COMMIT")


def key_of(key_names: Iterable[str], attributes: Mapping[str, Any]) -> str:
    """The key of an item as one string; `attributes` is the item, or its key alone, in DynamoDB's JSON."""
    return json.dumps({name: attributes[name] for name in key_names}, separators=(",", ":"))


def key_names(region: str, table: str) -> list[str]:
    """The names of a table's key attributes; none when there is no such table."""
    found = _dynamodb(region).tables.get(table)
    return list(found.table_key_attrs) if found else []


def find_item(region: str, table: str, key: str) -> Item | None:
    """The item under a key that `key_of` wrote."""
    found = _dynamodb(region).tables.get(table)
    return _find(found, key) if found else None


def put_back(region: str, table: str, key: str, item: Item | None) -> None:
    """Makes an item what it was, None: not there."""
    found = _dynamodb(region).tables.get(table)
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


def _dynamodb(region: str) -> DynamoDBBackend:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][region]


def _s3() -> S3Backend:
    return s3_backends[DEFAULT_ACCOUNT_ID][PARTITION]


def _create_stream(region: str, request: Mapping[str, Any]) -> None:
    """Makes a delivery stream from the request that made it first; its ARN has nothing random in it."""
    from moto.firehose.models import FirehoseBackend, firehose_backends

    given = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value for name, value in request.items()}
    names = [name for name in inspect.signature(FirehoseBackend.create_delivery_stream).parameters if name != "self"]
    create: Any = firehose_backends[DEFAULT_ACCOUNT_ID][region].create_delivery_stream
    create(**{name: given.get(name) for name in names} | {"region": region})


def _keys(table: Table, key: str) -> tuple[DynamoType, DynamoType | None]:
    values = json.loads(key)
    name = table.range_key_attr
    return DynamoType(values[table.hash_key_attr]), DynamoType(values[name]) if name else None


def _find(table: Table, key: str) -> Item | None:
    return table.get_item(*_keys(table, key))


def _definition(table: Table) -> dict[str, Any]:
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


def _about(stored: FakeKey) -> dict[str, Any]:
    return {
        "etag": stored.etag.strip('"'),
        "metadata": dict(stored.metadata),
        "last_modified": stored.last_modified.isoformat(),
    }
