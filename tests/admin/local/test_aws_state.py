"""The local AWS forgets nothing: what was answered is there after kill -9, and transactions are whole."""

import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from admin.servers import start_aws
from gwctl.emulated_aws.__main__ import ACCESS_KEY, main
from gwctl.emulated_aws.disk.file import FILE
from gwctl.stores.aws import local_names as aws_names
from gwctl.stores.aws.local_names import client_options
from gwctl.stores.aws.local_resources import SETTINGS, ensure, table_definition
from support.ports import free_port
from support.processes import answers, start, wait_until

TABLE = {"TableName": "things"}


def clients(port: int) -> tuple[Any, Any]:
    make: Any = boto3.client
    config = Config(retries={"total_max_attempts": 1}, read_timeout=10)
    options = client_options(f"http://127.0.0.1:{port}")
    return make("dynamodb", config=config, **options), make("s3", config=config, **options)


def item(name: str, **attributes: Any) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": name}, **attributes}


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": name}}


def _response(error: ClientError) -> Any:
    return error.response


def everything(dynamodb: Any) -> dict[str, Any]:
    return {each["sk"]["S"]: each for each in dynamodb.scan(ConsistentRead=True, **TABLE)["Items"]}


def test_items_and_objects_survive_kill_9(tmp_path: Path):
    port = free_port()
    rich = item("rich", n={"N": "1.50"}, m={"M": {"l": {"L": [{"S": "x"}, {"BOOL": True}, {"NULL": True}]}}})
    rich |= {"b": {"B": b"\x00\xff"}, "ns": {"NS": ["1", "2"]}, "ss": {"SS": ["a"]}, "bs": {"BS": [b"\x01"]}}
    with start_aws(tmp_path, port) as aws:
        dynamodb, s3 = clients(port)
        dynamodb.create_table(**table_definition("things"))
        dynamodb.put_item(Item=rich, **TABLE)
        dynamodb.put_item(Item=item("gone"), **TABLE)
        dynamodb.delete_item(Key=key("gone"), **TABLE)
        dynamodb.update_item(
            Key=key("sum"), UpdateExpression="ADD n :n", ExpressionAttributeValues={":n": {"N": "3"}}, **TABLE
        )
        dynamodb.batch_write_item(RequestItems={"things": [{"PutRequest": {"Item": item("batch")}}]})
        dynamodb.transact_write_items(TransactItems=[{"Put": {"Item": item("transaction"), **TABLE}}])
        s3.create_bucket(Bucket="bucket")
        for body in (b"first", b"second"):
            etag = s3.put_object(Bucket="bucket", Key="a/b.json", Body=body, ContentType="x/y", Metadata={"v": "7"})[
                "ETag"
            ]
        s3.put_object(Bucket="bucket", Key="gone", Body=b"")
        s3.delete_object(Bucket="bucket", Key="gone")
        before = everything(dynamodb)
        aws.stop(grace=0)
    with start_aws(tmp_path, port):
        dynamodb, s3 = clients(port)
        assert everything(dynamodb) == before
        assert sorted(before) == ["batch", "rich", "sum", "transaction"]
        found = s3.get_object(Bucket="bucket", Key="a/b.json")
        assert (found["Body"].read(), found["ETag"], found["ContentType"]) == (b"second", etag, "x/y")
        assert {name.lower(): value for name, value in found["Metadata"].items()} == {"v": "7"}
        assert [each["Key"] for each in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["a/b.json"]
        with pytest.raises(ClientError, match="pre-conditions"):
            s3.put_object(Bucket="bucket", Key="a/b.json", Body=b"third", IfNoneMatch="*")
        s3.put_object(Bucket="bucket", Key="a/b.json", Body=b"third", IfMatch=etag)


def test_nothing_that_was_answered_is_lost_by_a_kill_in_full_flight(tmp_path: Path):
    port = free_port()
    answered: list[int] = []
    stop = threading.Event()
    with start_aws(tmp_path, port) as aws:
        clients(port)[0].create_table(**table_definition("things"))

        def write(first: int) -> None:
            dynamodb, _ = clients(port)
            with suppress(BotoCoreError, ClientError):
                for number in range(first, first + 100_000):
                    if stop.is_set():
                        return
                    dynamodb.put_item(Item=item(str(number)), **TABLE)
                    answered.append(number)

        with ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(write, n * 100_000) for n in range(4)]
            wait_until(lambda: len(answered) > 200, "200 writes")
            aws.send_signal(signal.SIGKILL)
            aws.wait()
            stop.set()
            for writer in writers:
                writer.result()
    with start_aws(tmp_path, port):
        kept = everything(clients(port)[0])
        assert {str(number) for number in answered} <= kept.keys()
        assert len(kept) <= len(answered) + 4


def test_a_transaction_that_fails_leaves_nothing_of_itself(tmp_path: Path):
    port = free_port()
    with start_aws(tmp_path, port) as aws:
        dynamodb, _ = clients(port)
        dynamodb.create_table(**table_definition("things"))
        dynamodb.put_item(Item=item("sum", n={"N": "1"}), **TABLE)
        dynamodb.put_item(Item=item("old"), **TABLE)
        before = everything(dynamodb)
        add = {"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": "3"}}}
        with pytest.raises(ClientError) as refused:
            dynamodb.transact_write_items(
                TransactItems=[
                    {"Update": {"Key": key("sum"), **add, **TABLE}},
                    {"Update": {"Key": key("new"), **add, **TABLE}},
                    {"Delete": {"Key": key("old"), **TABLE}},
                    {"Put": {"Item": item("other"), "ConditionExpression": "attribute_exists(pk)", **TABLE}},
                ]
            )
        reasons = [reason["Code"] for reason in _response(refused.value)["CancellationReasons"]]
        assert reasons == ["None", "None", "None", "ConditionalCheckFailed"]
        assert everything(dynamodb) == before
        aws.stop(grace=0)
    with start_aws(tmp_path, port):
        assert everything(clients(port)[0]) == before


def test_parallel_transactions_do_not_see_each_other(tmp_path: Path):
    port = free_port()
    with start_aws(tmp_path, port):
        dynamodb, _ = clients(port)
        dynamodb.create_table(**table_definition("things"))
        dynamodb.put_item(Item=item("version", n={"N": "0"}), **TABLE)

        def count_up(_: int) -> None:
            while True:
                now = dynamodb.get_item(Key=key("version"), ConsistentRead=True, **TABLE)["Item"]["n"]["N"]
                values = {":old": {"N": now}, ":new": {"N": str(int(now) + 1)}}
                update = {"Key": key("version"), "UpdateExpression": "SET n = :new", **TABLE}
                update |= {"ConditionExpression": "n = :old", "ExpressionAttributeValues": values}
                record = {"Item": item(f"r{int(now) + 1}"), "ConditionExpression": "attribute_not_exists(pk)", **TABLE}
                with suppress(ClientError):
                    dynamodb.transact_write_items(TransactItems=[{"Update": update}, {"Put": record}])
                    return

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(count_up, range(40)))
        assert everything(dynamodb)["version"]["n"]["N"] == "40"
        assert len(everything(dynamodb)) == 41


def test_the_resources_of_admin_api_and_agent_are_made_once(tmp_path: Path):
    port = free_port()
    with start_aws(tmp_path, port):
        for _ in range(2):
            ensure(client_options(f"http://127.0.0.1:{port}"))
        dynamodb, s3 = clients(port)
        tables = {*SETTINGS.tables.model_dump().values(), aws_names.LEDGER_TABLE}
        assert set(dynamodb.list_tables()["TableNames"]) == tables
        buckets = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        assert buckets == {SETTINGS.snapshot.bucket, aws_names.AUDIT_BUCKET}


def test_a_delivery_stream_and_what_it_delivered_survive_kill_9(tmp_path: Path):
    port = free_port()
    make: Any = boto3.client
    options = client_options(f"http://127.0.0.1:{port}")
    with start_aws(tmp_path, port) as aws:
        ensure(options)
        make("firehose", **options).put_record(DeliveryStreamName=aws_names.AUDIT_STREAM, Record={"Data": b"one\n"})
        aws.send_signal(signal.SIGKILL)
        aws.wait(5)
    with start_aws(tmp_path, port):
        make("firehose", **options).put_record(DeliveryStreamName=aws_names.AUDIT_STREAM, Record={"Data": b"two\n"})
        s3 = make("s3", **options)
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=aws_names.AUDIT_BUCKET)["Contents"]]
        bodies = {s3.get_object(Bucket=aws_names.AUDIT_BUCKET, Key=key)["Body"].read() for key in keys}
    assert bodies == {b"one\n", b"two\n"}
    assert all(key.startswith("events/") for key in keys)


def test_the_content_is_readable_by_its_owner_alone(tmp_path: Path):
    with start_aws(tmp_path / "aws", free_port()):
        assert (tmp_path / "aws" / FILE).stat().st_mode & 0o077 == 0
        assert (tmp_path / "aws").stat().st_mode & 0o077 == 0


def test_a_file_that_is_something_else_ends_with_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / FILE).write_bytes(b"this is not a database" * 100)
    assert main(["--port", str(free_port()), "--data-dir", str(tmp_path)]) == 1
    assert "remove it to start with an empty AWS" in capsys.readouterr().err


def test_only_who_has_the_access_key_is_answered(tmp_path: Path):
    port = free_port()
    command = [sys.executable, "-m", "gwctl.emulated_aws", "--port", str(port), "--data-dir", str(tmp_path)]
    url = f"http://127.0.0.1:{port}"
    with start(command, ready=lambda: answers(f"{url}/healthz"), env={ACCESS_KEY: "akey"}, seconds=60):
        ensure(client_options(url, "akey"))
        for key_id in ("local", "akeyx"):
            with pytest.raises(ClientError, match=r"403|Forbidden"):
                ensure(client_options(url, key_id))
        assert httpx.get(f"{url}/{SETTINGS.snapshot.bucket}").status_code == 403


def test_what_it_could_not_keep_is_refused(tmp_path: Path):
    port = free_port()
    with start_aws(tmp_path, port):
        dynamodb, _ = clients(port)
        dynamodb.create_table(**table_definition("things"))
        with pytest.raises(ClientError, match="could not keep what ExecuteStatement writes"):
            dynamodb.execute_statement(Statement="DELETE FROM things WHERE pk='p' AND sk='x'")


def test_a_deleted_table_is_forgotten(tmp_path: Path):
    port = free_port()
    for _ in range(2):
        with start_aws(tmp_path, port):
            dynamodb, _ = clients(port)
            dynamodb.create_table(**table_definition("things"))
            dynamodb.put_item(Item=item("x"), **TABLE)
            dynamodb.delete_table(**TABLE)


def test_nobody_can_reset_it(tmp_path: Path):
    port = free_port()
    with start_aws(tmp_path, port):
        assert httpx.post(f"http://127.0.0.1:{port}/moto-api/reset").status_code == 404
