"""The server of the token service and the admin API, towards clients that are slow or send too much."""

import socket
import sys
from collections.abc import Iterator

import pytest

from support.ports import free_port
from support.processes import Process, listening, start

IDLE_SECONDS = 1
PROGRAM = """
import sys
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from gwctl.local.http_server import listen, read_body, serve

IDLE = float(sys.argv[2])

async def length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await read_body(request, 1000, IDLE))))

serve(Starlette(routes=[Route("/", length, methods=["POST"])]), listen("127.0.0.1", int(sys.argv[1])), IDLE)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Process, int]]:
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, str(port), str(IDLE_SECONDS)]
    with start(command, ready=lambda: listening(port)) as process:
        yield process, port


@pytest.fixture
def connection(server: tuple[Process, int]) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server[1]), timeout=10) as made:
        yield made


def status(connection: socket.socket) -> bytes:
    return connection.recv(100_000).partition(b"\r\n")[0]


def test_a_body_is_read_in_pieces(connection: socket.socket):
    connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n")
    connection.sendall(b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
    with connection.makefile("rb") as answer:
        assert answer.read().endswith(b"\r\n\r\n7")


@pytest.mark.parametrize("sent", [b"", b"POST / HT", b"POST / HTTP/1.1\r\nhost: x\r\nx-a"], ids=["none", "a", "b"])
def test_who_does_not_send_a_whole_head_in_time_is_hung_up_on(connection: socket.socket, sent: bytes):
    connection.sendall(sent)
    assert connection.recv(1) == b""


def test_who_does_not_send_a_whole_body_in_time_is_told_so(connection: socket.socket):
    connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")
    assert status(connection) == b"HTTP/1.1 408 Request Timeout"


@pytest.mark.parametrize("length", [1001, 3_000_000])
def test_a_body_that_is_too_large_is_refused_when_it_was_sent(connection: socket.socket, length: int):
    connection.sendall(f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n".encode() + b"x" * length)
    assert status(connection).startswith(b"HTTP/1.1 413 ")


def test_a_head_without_end_is_refused(connection: socket.socket):
    connection.sendall(b"POST /" + b"x" * 300_000)
    assert status(connection) == b"HTTP/1.1 400 Bad Request"


def test_it_ends_cleanly_on_sigterm_with_a_connection_open():
    port = free_port()
    running = start([sys.executable, "-c", PROGRAM, str(port), "60"], ready=lambda: listening(port))
    with socket.create_connection(("127.0.0.1", port), timeout=10):
        assert running.stop() == 0
