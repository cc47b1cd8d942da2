"""DynamoDB Local, the real engine's local build, for tests.

In: nothing; `scripts/dynamodb-local` fetches it when it is not there yet. Out: the URL of one that runs in memory, and
tables with the keys of the ledger.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from support.ports import free_port
from support.processes import listening, start
from support.requirements import require

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "dynamodb-local"
REGION = "eu-central-1"
FETCH_SECONDS = 300
# It lives for a few tests: the optimising compiler takes half of its CPU time and pays it back to nobody.
QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


@contextmanager
def running_dynamodb_local() -> Iterator[str]:
    """The URL of a DynamoDB Local that keeps everything in memory and ends with the context."""
    require(shutil.which("java") is not None, "DynamoDB Local: install Java 17 or newer")
    fetched = subprocess.run([SCRIPT], capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    require(fetched.returncode == 0, f"DynamoDB Local: run scripts/dynamodb-local ({fetched.stderr.strip()[-300:]})")
    lib = fetched.stdout.strip()
    port = free_port()
    command = ["java", "-Xmx256m", *QUICK_START, f"-Djava.library.path={lib}", "-cp", f"{lib}/*"]
    command += [
        "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
        "-inMemory",
        "-sharedDb",
        "-port",
        str(port),
    ]
    with start(command, ready=lambda: listening(port), seconds=60, cwd=Path(lib)):
        yield f"http://127.0.0.1:{port}"


def dynamodb_client(url: str, connections: int = 8, read_timeout: float = 10) -> Any:
    """A client for an emulated DynamoDB, patient with a busy machine."""
    config = Config(read_timeout=read_timeout, retries={"total_max_attempts": 1}, max_pool_connections=connections)
    return boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=url,
        config=config,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def create_ledger_table(client: Any, name: str) -> str:
    """A table with the string keys `pk` and `sk`, as modules/ledger makes it. Returns its name."""
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    return name
