"""What the sinks' tests share: events on disk as `metering` leaves them, and the AWS that they are shipped to."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3

from gwctl.agent.metering.event_file import EventFile
from gwctl.agent.settings import AgentSettings, LedgerTables
from gwctl.agent.sinks.events import part_name
from gwctl.core.files import write_atomically
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.usage.sums import Detailed
from gwctl.stores.aws.usage import DynamoUsageTable
from support.agent_settings import agent_settings as agent_settings_in
from support.stores.dynamodb_local import create_ledger_table

REGION = "eu-central-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
DAY = date(2026, 11, 21)


def event(number: int = 0, **fields: Any) -> UsageEvent:
    """A served request of team search that cost 1,000 nano-dollars."""
    return UsageEvent.model_validate(
        {
            "id": f"event-{number}",
            "started_at": datetime(2026, 11, 21, 10, 5, tzinfo=UTC),
            "duration": 1.5,
            "team": "search",
            "client": "indexer",
            "model": "fast",
            "api": "chat",
            "status": 200,
            "outcome": "served",
            "provider_name": "openai",
            "input_tokens": 100,
            "output_tokens": 20,
            "cost_nano_usd": 1000,
            **fields,
        }
    )


@dataclass
class Events:
    """The file of usage events and the checkpoint that says how much of it counts; what `metering` writes."""

    settings: AgentSettings
    base: int = 0
    _file: EventFile = field(init=False)

    def __post_init__(self) -> None:
        self._file = EventFile(self.settings.events_file, 0)
        self.commit()

    def write(self, events: Iterable[UsageEvent]) -> None:
        """Writes and commits events."""
        self._file.append(each.to_json() for each in events)
        self.commit()

    def write_uncommitted(self, *lines: bytes) -> None:
        """Writes and does not commit."""
        self._file.append(lines)

    def rotate(self) -> None:
        """Puts the file aside and starts a new one."""
        self.settings.events_file.rename(part_name(self.settings.events_file, self.base))
        self.base += self._file.size
        self._file.close()
        self._file = EventFile(self.settings.events_file, 0)
        self.commit()

    def commit(self) -> None:
        content = {"inode": 0, "offset": 0, "events_bytes": self._file.size, "events_base": self.base}
        write_atomically(self.settings.checkpoint_path, json.dumps(content).encode())


def agent_settings(root: Path, **fields: Any) -> AgentSettings:
    """Settings of an agent whose files are all below `root`, with the region of the emulated AWS."""
    return agent_settings_in(root, region=REGION, **fields)


@dataclass(frozen=True)
class Aws:
    """Tables, a stream and its bucket in an emulated AWS, of one test alone."""

    url: str
    dynamodb_url: str
    name: str

    @classmethod
    def create(cls, url: str, dynamodb_url: str | None = None) -> "Aws":
        aws = cls(url, dynamodb_url or url, f"t{uuid.uuid4().hex[:10]}")
        aws.client("s3").create_bucket(Bucket=aws.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        aws.create_stream()
        for table in (aws.tables.ledger, aws.tables.usage):
            create_ledger_table(aws.client("dynamodb"), table)
        return aws

    @property
    def bucket(self) -> str:
        return f"{self.name}-audit"

    @property
    def stream(self) -> str:
        return f"{self.name}-stream"

    @property
    def tables(self) -> LedgerTables:
        return LedgerTables(ledger=f"{self.name}-ledger", usage=f"{self.name}-usage")

    @property
    def environment(self) -> Mapping[str, str]:
        """For the agent: where its AWS is."""
        return {**KEYS, "AWS_ENDPOINT_URL": self.url, "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb_url}

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            region_name=REGION,
            endpoint_url=self.dynamodb_url if service == "dynamodb" else self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def create_stream(self) -> None:
        self.client("firehose").create_delivery_stream(
            DeliveryStreamName=self.stream,
            ExtendedS3DestinationConfiguration={
                "RoleARN": "arn:aws:iam::123456789012:role/firehose",
                "BucketARN": f"arn:aws:s3:::{self.bucket}",
                "Prefix": "records/",
            },
        )

    def delivered(self) -> list[dict[str, Any]]:
        """All records that reached the bucket, by sequence: files have random names."""
        records = [json.loads(line) for body in self._objects() for line in body.splitlines()]
        return sorted(records, key=lambda record: record["sequence"])

    def sums(self) -> list[Detailed]:
        """What the usage table says of team search on the tests' day."""
        return list(DynamoUsageTable(self.client("dynamodb"), self.tables.usage).of_team("search", [DAY]))

    def _objects(self) -> Iterator[bytes]:
        s3 = self.client("s3")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for item in page.get("Contents", ()):
                yield s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read()
