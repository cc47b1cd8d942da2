"""The audit log in its bucket. In: a client of S3. Out: the records of a request, whatever form they were stored in."""

import gzip
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any


def records_of(s3: Any, bucket: str, request_id: str, since: datetime) -> list[dict[str, Any]]:
    """The records with this id in objects that were written after `since`."""
    return [
        record
        for body in _objects(s3, bucket, since)
        if request_id.encode() in body or body[:4] == b"PAR1"
        for record in _records(body)
        if record.get("id") == request_id
    ]


def _objects(s3: Any, bucket: str, since: datetime) -> Iterator[bytes]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for each in page.get("Contents", []):
            if each["LastModified"] >= since:
                body = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
                yield gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _records(body: bytes) -> Iterator[dict[str, Any]]:
    """A deployment has Parquet; the emulated Firehose stores what it is sent, JSON one after the other."""
    if body[:4] == b"PAR1":
        from pyarrow import parquet

        yield from parquet.read_table(io.BytesIO(body)).to_pylist()
        return
    text, decoder = body.decode(), json.JSONDecoder()
    position = 0
    while position < len(text):
        while position < len(text) and text[position].isspace():
            position += 1
        if position < len(text):
            record, position = decoder.raw_decode(text, position)
            yield record


def records_in(directory: Path, request_id: str, since: datetime) -> list[dict[str, Any]]:
    """The same in the files of a gateway on this machine."""
    files = (file for file in directory.rglob("*.jsonl") if file.stat().st_mtime >= since.timestamp() - 1)
    found = (record for file in files for record in _records(file.read_bytes()))
    return [record for record in found if record.get("id") == request_id]
