"""What Portkey's webhooks get for an answer, over a real socket."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

from gwctl.agent.scan_server import SMALL_BYTES, ScanServer
from gwctl.core.errors import UserError
from gwctl.policy.documents import ScannerRule
from gwctl.policy.scanning import as_header
from support.servers.scanner import running_scanner

RULES = as_header(
    [
        ScannerRule(id="word", action="deny", pattern="SECRET"),
        ScannerRule(id="pin", action="redact", pattern=r"PIN-\d+", replacement="[pin]"),
    ]
)
MAX_BYTES = 4 * 1024 * 1024


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_scanner(MAX_BYTES) as running:
        yield running


@pytest.fixture
def connection(port: int) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as opened:
        yield opened


def asked(text: str, event: str = "beforeRequestHook") -> bytes:
    """A hook's context; the last message stands in it twice, as Portkey sends it."""
    said = {"json": {"messages": [{"role": "user", "content": text}]}}
    return json.dumps({"request": {**said, "text": text}, "response": said, "eventType": event}).encode()


def answer(connection: http.client.HTTPConnection, body: bytes, rules: str = RULES) -> tuple[int, Any]:
    connection.request("POST", "/", body, {"content-type": "application/json", "x-gw-rules": rules})
    got = connection.getresponse()
    said = got.read()
    return got.status, json.loads(said) if got.status == 200 else said


def test_what_no_rule_finds_passes_as_it_is(connection: http.client.HTTPConnection):
    assert answer(connection, asked("hi")) == (200, {"verdict": True, "data": ""})


def test_what_is_denied_is_not_repeated(connection: http.client.HTTPConnection):
    assert answer(connection, asked("my SECRET PIN-1")) == (200, {"verdict": False, "data": "word"})


@pytest.mark.parametrize(("event", "side"), [("beforeRequestHook", "request"), ("afterRequestHook", "response")])
def test_what_is_redacted_comes_back_whole(connection: http.client.HTTPConnection, event: str, side: str):
    status, said = answer(connection, asked("my PIN-17 ü", event))

    changed = {"messages": [{"role": "user", "content": "my [pin] ü"}]}
    assert (status, said) == (200, {"verdict": True, "data": "pin", "transformedData": {side: {"json": changed}}})


def test_a_connection_serves_small_and_large_in_turn(connection: http.client.HTTPConnection):
    large = "x" * SMALL_BYTES + " PIN-3"

    for text in ("PIN-1", large, "PIN-2", large):
        status, said = answer(connection, asked(text))
        [message] = said["transformedData"]["request"]["json"]["messages"]
        assert (status, "PIN-" in message["content"]) == (200, False)


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        pytest.param(b"{", RULES, id="no JSON"),
        pytest.param(b"[]", RULES, id="no context"),
        pytest.param(b'{"eventType": "beforeRequestHook"}', RULES, id="nothing to look at"),
        pytest.param(asked("hi", "otherHook"), RULES, id="an unknown event"),
        pytest.param(asked("hi"), "", id="no rules"),
        pytest.param(asked("hi"), '[["a", "(", null]]', id="a pattern that is none"),
        pytest.param(b"[" * 100_000, RULES, id="nested too deep"),
    ],
)
def test_what_cannot_be_looked_at_is_an_error_that_says_nothing(
    connection: http.client.HTTPConnection, caplog: pytest.LogCaptureFixture, body: bytes, rules: str
):
    assert answer(connection, body, rules) == (500, b"")
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["a content scan failed"]


def test_what_is_too_large_is_refused(connection: http.client.HTTPConnection):
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        answer(connection, asked("x" * MAX_BYTES))


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n", b"x" * 600_000])
def test_whoever_breaks_http_loses_the_connection(port: int, sent: bytes):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as opened:
        opened.sendall(sent)
        with suppress(ConnectionResetError):  # it closed before it had read everything
            assert opened.recv(100) == b""


def test_a_large_context_does_not_hold_up_small_ones(port: int, connection: http.client.HTTPConnection):
    """A pattern that is found a hundred thousand times; meanwhile others are answered."""
    text = "PIN-1 " * (MAX_BYTES // 32)
    got: list[int] = []

    def ask() -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as other:
            got.append(answer(other, asked(text))[0])

    thread = threading.Thread(target=ask)
    thread.start()
    meanwhile = []
    while thread.is_alive():
        started = time.perf_counter()
        answer(connection, asked("hi"))
        if thread.is_alive():
            meanwhile.append(time.perf_counter() - started)

    assert got == [200]
    assert len(meanwhile) >= 5
    assert sorted(meanwhile)[len(meanwhile) // 2] < 0.05


def test_a_large_context_that_does_not_arrive_makes_no_other_wait():
    head = f"POST / HTTP/1.1\r\nx-gw-rules: {RULES}\r\ncontent-length: {SMALL_BYTES + 1}\r\n\r\n"
    with (
        running_scanner(read_seconds=0.2) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as dawdling,
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as other,
    ):
        dawdling.sendall(head.encode())

        assert answer(other, asked("x" * SMALL_BYTES))[0] == 200
        assert dawdling.recv(100) == b""


def test_a_port_that_is_taken_is_said(port: int):
    with pytest.raises(UserError, match="address already in use"):
        asyncio.run(ScanServer(port, 1).start())
