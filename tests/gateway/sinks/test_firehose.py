"""Firehose as it can be: some records refused, throttled, silent; and batches within its limits."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gateway.sinks.place import KEYS, REGION
from gwctl.stores.aws import clients
from gwctl.stores.aws.audit.stream import MAX_BYTES, MAX_RECORD, MAX_RECORDS, AuditStream, batches
from gwctl.stores.interfaces import UnavailableError


class Moody(ThreadingHTTPServer):
    """A Firehose that refuses the records of its plan: for each call the indices that it does not take."""

    plan: list[set[int]]
    calls: list[list[bytes]]
    taken: list[bytes]
    error: str | None = None


class _Handler(BaseHTTPRequestHandler):
    server: Moody  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        records = [base64.b64decode(each["Data"]) for each in body["Records"]]
        self.server.calls.append(records)
        if self.server.error:
            self._answer(400, {"__type": self.server.error, "message": "slow down"})
            return
        refused = self.server.plan.pop(0) if self.server.plan else set[int]()
        self.server.taken += [each for n, each in enumerate(records) if n not in refused]
        results: list[dict[str, str]] = [
            {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "busy"}
            if n in refused
            else {"RecordId": f"r{n}"}
            for n in range(len(records))
        ]
        self._answer(200, {"FailedPutCount": len(refused), "RequestResponses": results})

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        """Print nothing."""


@pytest.fixture
def firehose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Moody]:
    server = Moody(("127.0.0.1", 0), _Handler)
    server.plan, server.calls, server.taken = [], [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}.items():
        monkeypatch.setenv(name, value)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def stream(firehose: Moody) -> AuditStream:
    return AuditStream(clients.for_agent("firehose", REGION), "audit")


def test_only_refused_records_are_sent_again(firehose: Moody, stream: AuditStream):
    firehose.plan = [{1, 3}]
    stream.put([b"a\n", b"b\n", b"c\n", b"d\n"])
    assert firehose.calls[1] == [b"b\n", b"d\n"]
    assert sorted(firehose.taken) == [b"a\n", b"b\n", b"c\n", b"d\n"]


def test_records_refused_twice_are_an_error(firehose: Moody, stream: AuditStream):
    firehose.plan = [{0}, {0}]
    with pytest.raises(UnavailableError, match="audit did not accept 1 of 2 records"):
        stream.put([b"a\n", b"b\n"])


def test_throttling_is_an_error_and_not_repeated_by_the_sdk(firehose: Moody, stream: AuditStream):
    firehose.error = "ThrottlingException"
    with pytest.raises(UnavailableError, match="slow down"):
        stream.put([b"a\n"])
    assert len(firehose.calls) == 1


def test_a_call_has_at_most_500_records():
    assert [len(batch) for batch in batches([b"x\n"] * 1201)] == [MAX_RECORDS, MAX_RECORDS, 201]


def test_a_call_has_at_most_4_mebibytes():
    sizes = [sum(map(len, batch)) for batch in batches([b"x" * (900 * 1024)] * 9)]
    assert len(sizes) == 3
    assert max(sizes) <= MAX_BYTES


def test_a_record_too_large_for_any_call_is_a_bug():
    with pytest.raises(ValueError, match="larger than Firehose takes"):
        list(batches([b"x" * (MAX_RECORD + 1)]))
