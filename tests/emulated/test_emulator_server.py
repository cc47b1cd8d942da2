"""How the emulated AWS answers: what a client must not try again, and in one piece."""

import json
import socket
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from support.processes import start

TYPE = "application/x-amz-json-1.1"
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=emulated/20261121/eu-central-1/glue/aws4_request, SignedHeaders=host, Signature=x"
)
COLUMNS = [{"Name": f"column_{number}", "Type": "string", "Comment": "x" * 60} for number in range(60)]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = tmp_path_factory.mktemp("emulator") / "url"
    command = [sys.executable, "-m", "gwctl.emulated_aws", "--url-file", file]
    with start(command, ready=lambda: file.exists(), seconds=60):
        yield file.read_text().strip()


def glue(url: str, action: str, **body: object) -> httpx.Response:
    headers = {"x-amz-target": f"AWSGlue.{action}", "content-type": TYPE, "authorization": SIGNATURE}
    return httpx.post(url, headers=headers, content=json.dumps(body), trust_env=False)


def test_what_the_emulator_cannot_do_is_not_tried_again(url: str):
    """AWS's clients try 500, 502, 503 and 504 again, and not 501."""
    answer = glue(url, "ListBlueprints")
    assert answer.status_code == 501
    assert answer.json()["__type"] == "NotImplemented"
    assert "list_blueprints" in answer.json()["message"]


def test_the_server_goes_on_after_a_call_that_it_cannot_do(url: str):
    glue(url, "ListBlueprints")
    assert glue(url, "GetDatabases").status_code == 200


def test_head_and_body_of_an_answer_leave_together(url: str):
    """A client that reads the head first has the body at hand: docs/cursed-knowledge.md says what happens otherwise."""
    glue(url, "CreateDatabase", DatabaseInput={"Name": "d"}).raise_for_status()
    table = {"Name": "t", "StorageDescriptor": {"Columns": COLUMNS}}
    glue(url, "CreateTable", DatabaseName="d", TableInput=table).raise_for_status()
    body = json.dumps({"DatabaseName": "d", "Name": "t"}).encode()
    head = "\r\n".join(
        (
            *("POST / HTTP/1.1", "host: emulated", "x-amz-target: AWSGlue.GetTable", f"content-type: {TYPE}"),
            *(f"authorization: {SIGNATURE}", f"content-length: {len(body)}", "", ""),
        )
    )
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=30) as connection:
        connection.sendall(head.encode() + body)
        received, _, first = connection.recv(1_000_000).partition(b"\r\n\r\n")
    assert f"content-length: {len(first)}".encode() in received.lower()
    assert len(first) > 4096
