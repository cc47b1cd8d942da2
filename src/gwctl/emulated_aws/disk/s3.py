"""Buckets and objects of the emulated AWS as data. In: what a request has changed in moto's S3. Out: rows of the file.

Of an object only the newest version is kept.
"""

import json
from datetime import datetime
from typing import Final

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeKey, S3Backend, s3_backends

from gwctl.emulated_aws.disk.file import AwsFile

PARTITION: Final = "aws"
Place = tuple[str, str]
"""Bucket and key."""


class KeptObjects:
    """Knows which objects the file has, so that only those that are new or gone are written."""

    def __init__(self, file: AwsFile) -> None:
        self._file = file
        self._seen: dict[Place, FakeKey] = {}
        self._buckets: dict[str, str] = {}

    def restore(self) -> None:
        """Fill moto's backend, which must be empty."""
        for name, region in self._file.run("SELECT name, region FROM buckets"):
            _s3().create_bucket(name, region)
            self._buckets[name] = region
        for bucket, key, body, about in self._file.run("SELECT bucket, key, body, about FROM objects"):
            facts = json.loads(about)
            stored = _s3().put_object(bucket, key, body, etag=facts["etag"], disable_notification=True)
            stored.set_metadata(facts["metadata"], replace=True)
            stored.last_modified = datetime.fromisoformat(facts["last_modified"])
            self._seen[bucket, key] = stored

    def keep(self, place: Place) -> None:
        """Write one object as it is now, gone or not."""
        bucket_name, key = place
        bucket = _s3().buckets.get(bucket_name)
        stored = bucket.keys[key] if bucket is not None and key in bucket.keys else None
        with self._file.transaction():
            if isinstance(stored, FakeKey):
                self._put(place, stored)
            else:
                self._forget(place)
                self._seen.pop(place, None)

    def keep_added(self) -> None:
        """Write the objects that have come in under keys of their own since the last time; look at no others."""
        with self._file.transaction():
            for name, bucket in _s3().buckets.items():
                for key in reversed(bucket.keys):
                    if (name, key) in self._seen:
                        break
                    stored = bucket.keys[key]
                    if isinstance(stored, FakeKey):
                        self._put((name, key), stored)

    def keep_all(self) -> None:
        """Write the buckets, and the objects that are not the ones seen last time."""
        now = {
            (name, key): bucket.keys[key]
            for name, bucket in _s3().buckets.items()
            for key in bucket.keys
            if isinstance(bucket.keys[key], FakeKey)
        }
        buckets = {name: bucket.region_name for name, bucket in _s3().buckets.items()}
        with self._file.transaction():
            for name in self._buckets.keys() - buckets.keys():
                self._file.run("DELETE FROM buckets WHERE name = ?", name)
            for name in buckets.keys() - self._buckets.keys():
                self._file.run("INSERT OR REPLACE INTO buckets VALUES (?, ?)", name, buckets[name])
            for place in self._seen.keys() - now.keys():
                self._forget(place)
            for place, stored in now.items():
                if self._seen.get(place) is not stored:
                    self._put(place, stored)
        self._seen, self._buckets = now, buckets

    def _put(self, place: Place, stored: FakeKey) -> None:
        about = {
            "etag": stored.etag.strip('"'),
            "metadata": dict(stored.metadata),
            "last_modified": stored.last_modified.isoformat(),
        }
        self._file.run("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", *place, stored.value, json.dumps(about))
        self._seen[place] = stored

    def _forget(self, place: Place) -> None:
        self._file.run("DELETE FROM objects WHERE bucket = ? AND key = ?", *place)


def _s3() -> S3Backend:
    return s3_backends[DEFAULT_ACCOUNT_ID][PARTITION]
