"""A data directory of the format before → the database: policy, history, clients, spend, usage and audit log.

Until 2026-11 a local gateway kept its state in an emulated AWS. It is started once more, everything is read by the
stores of AWS and written by those of the database, into a file that gets its name when it is whole. The old directory
is renamed and kept: whoever is cut off in between begins again, and nothing is lost.
"""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from gwctl.core import scopes
from gwctl.core.errors import UserError
from gwctl.ledger.quotas.store import StoreUnavailable
from gwctl.local.data_dir import KEPT, DataDir
from gwctl.local.issuer.client_directory import LocalClientDirectory, list_clients
from gwctl.policy.state import StateError
from gwctl.stores.aws import local_names as names
from gwctl.stores.aws.audit.bucket import AuditBucket
from gwctl.stores.aws.audit.heads import HeadTable
from gwctl.stores.aws.audit.sent_changes import SentMark
from gwctl.stores.aws.clients import AWS_ERRORS, PATIENT, connect
from gwctl.stores.aws.policy.documents import DynamoDocumentStore
from gwctl.stores.aws.policy.file import S3FileRecordStore
from gwctl.stores.aws.policy.snapshots import S3SnapshotStore
from gwctl.stores.aws.quotas import window_of
from gwctl.stores.aws.usage import counts_in
from gwctl.stores.files.audit import AuditFiles
from gwctl.stores.interfaces import UnavailableError
from gwctl.stores.sql.audit import SqlHeads, SqlSentMark
from gwctl.stores.sql.clients import AppClient, SqlClientDirectory
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.policy.documents import SqlDocumentStore
from gwctl.stores.sql.policy.snapshots import SqlFileRecordStore, SqlSnapshotStore
from gwctl.stores.sql.quotas import SqlQuotaStore
from gwctl.stores.sql.upkeep.migrate import migrate
from gwctl.stores.sql.usage import SqlUsageTable

START_SECONDS: Final = 60.0


def adopt(data: DataDir) -> None:
    """Moves everything. Raises UserError, and has then changed nothing that anybody reads."""
    unfinished = data.database.with_suffix(".unfinished")
    for file in data.state.glob(f"{unfinished.name}*"):
        file.unlink()
    try:
        with _emulated_aws(data.aws) as url:
            _copy(url, Database.at(f"sqlite:///{unfinished}"), data.audit)
    except (UserError, UnavailableError, StoreUnavailable, StateError, OSError, ValueError, *AWS_ERRORS) as error:
        raise UserError(
            f"what an earlier version of gwctl kept in {data.aws} cannot be taken over ({error}); nothing was changed: "
            "start that version again, or begin anew with another --data-dir"
        ) from error
    unfinished.rename(data.database)
    data.aws.rename(data.aws.with_name(KEPT))


def _copy(url: str, database: Database, audit: Path) -> None:
    options = names.client_options(url)
    s3, dynamodb = connect("s3", PATIENT, **options), connect("dynamodb", PATIENT, **options)
    try:
        migrate(database)
        _policy(database, s3, dynamodb)
        _ledger(database, dynamodb)
        _usage(database, dynamodb)
        directory = LocalClientDirectory(lambda: connect("cognito-idp", PATIENT, **options))
        clients = SqlClientDirectory(database, scopes.INVOKE)
        for client in list_clients(directory):
            clients.adopt(AppClient(client.client_id, " ".join(client.scopes), client.secrets_sha256))
        log, bucket = AuditFiles(audit), AuditBucket(s3, names.AUDIT_BUCKET, prefix="")
        for name in bucket.files():
            log.put([line + b"\n" for line in bucket.read(name).splitlines() if line.strip()])
    finally:
        database.close()


def _policy(database: Database, s3: Any, dynamodb: Any) -> None:
    documents = DynamoDocumentStore(dynamodb, names.DOCUMENTS_TABLE, names.AUDIT_TABLE)
    state = documents.load()
    if state.version:
        records = documents.records(limit=state.version)
        SqlDocumentStore(database).adopt(state, reversed(records))
    old, new = S3SnapshotStore(s3, names.SNAPSHOT_BUCKET), SqlSnapshotStore(database)
    current = old.current()
    for version in range(state.version + 1):
        snapshot, archive = old.snapshot(version), old.archive(version)
        if snapshot and archive:
            new.keep(version, snapshot.to_json(), archive, current=version == current)
    SqlFileRecordStore(database).write(S3FileRecordStore(s3, names.SNAPSHOT_BUCKET).read())


def _ledger(database: Database, dynamodb: Any) -> None:
    windows = (window_of(item) for item in _scan(dynamodb, names.LEDGER_TABLE) if item["pk"]["S"].startswith("quota#"))
    SqlQuotaStore(database).adopt(windows)
    heads = SqlHeads(database)
    for head in HeadTable(dynamodb, names.LEDGER_TABLE).all():
        heads.adopt(head)
    SqlSentMark(database).save(SentMark(dynamodb, names.LEDGER_TABLE).version())


def _usage(database: Database, dynamodb: Any) -> None:
    sums: dict[tuple[str, str], dict[str, int]] = {}
    positions: dict[str, str] = {}
    for item in _scan(dynamodb, names.USAGE_TABLE):
        if "position" in item:
            positions[item["pk"]["S"].removeprefix("agent#")] = item["position"]["S"]
        else:
            sums[item["pk"]["S"], item["sk"]["S"]] = counts_in(item)
    SqlUsageTable(database).adopt(sums, positions)


def _scan(dynamodb: Any, table: str) -> Iterator[Any]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        yield from page["Items"]


@contextmanager
def _emulated_aws(directory: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-P", "-m", "gwctl.emulated_aws", "--port", str(port), "--data-dir", str(directory)]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(f"{url}/healthz"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise UserError("its emulated AWS does not start")
                time.sleep(0.05)
            yield url
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
