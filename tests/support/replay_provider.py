"""A model provider that plays back scripted answers, over a real socket, and keeps `provider.requests`.

    with ReplayProvider() as provider:
        provider.on("/v1/responses", Answer.json({}, status=429), Answer.sse([first, threading.Event(), CUT]))

Answers of one path are given in turn and the last one repeats. A piece that is an Event holds the stream until the test
sets it; `CUT` drops the connection. A path without a script is answered 501, so a wrong path shows itself.
"""

import fnmatch
import json
import select
import socket
import ssl
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

HOLD_SECONDS = 30.0


class Cut:
    """The type of `CUT`: the provider drops the connection here, in the middle of its answer."""


CUT: Final = Cut()
Piece = bytes | threading.Event | Cut


@dataclass(frozen=True)
class Answer:
    """What the provider sends: status, headers, and pieces, each of which goes out in one write.

    `chunked=False` sends a Content-Length; pieces are joined and must then all be bytes.
    """

    pieces: Sequence[Piece] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    chunked: bool = True

    @classmethod
    def json(cls, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> "Answer":
        """A plain JSON answer."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return cls([text], status, {"content-type": "application/json", **(headers or {})}, chunked=False)

    @classmethod
    def sse(cls, events: Iterable[Any], headers: Mapping[str, str] | None = None) -> "Answer":
        """A stream of server-sent events, one write each.

        An event is a dict (its "type", if any, becomes the `event:` name), a str (the data as it is, such as
        "[DONE]"), bytes (sent as they are), an Event or CUT.
        """
        return cls([_sse(event) for event in events], 200, {"content-type": "text/event-stream", **(headers or {})})

    @classmethod
    def aws_stream(cls, events: Iterable[Any]) -> "Answer":
        """A stream in AWS's binary event-stream encoding, as Bedrock's converse-stream sends.

        An event is a pair (event type, dict), bytes (sent as they are), an Event or CUT.
        """
        pieces = [aws_event(*event) if isinstance(event, tuple) else event for event in events]
        return cls(pieces, 200, {"content-type": "application/vnd.amazon.eventstream"})

    @classmethod
    def held(cls, until: threading.Event, then: "Answer | None" = None) -> "Answer":
        """Send nothing, not even headers, until the Event is set; then `then`, or drop the connection."""
        after = then or cls([CUT])
        return cls([until, *after.pieces], after.status, after.headers, after.chunked)


def _sse(event: Any) -> Piece:
    if isinstance(event, dict):
        name = f"event: {event['type']}\n" if "type" in event else ""
        return f"{name}data: {json.dumps(event)}\n\n".encode()
    if isinstance(event, str):
        return f"data: {event}\n\n".encode()
    return event


def aws_event(event_type: str, payload: Mapping[str, Any]) -> bytes:
    """Encode one event-stream message.

    Wire format (AWS "event stream encoding"): total length, headers length, CRC-32 of those eight bytes,
    headers, payload, CRC-32 of everything before; integers big-endian. A header is name length (1 byte),
    name, type 7 for a string, value length (2 bytes), value.
    """
    named = {":event-type": event_type, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value)) + value.encode()
        for name, value in named.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", len(headers) + len(body) + 16, len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack(">I", zlib.crc32(message))


@dataclass(frozen=True)
class RecordedRequest:
    """A request as it reached the provider. `headers` looks names up in any casing and keeps duplicates."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes
    answered: threading.Event = field(default_factory=threading.Event)
    """Set when the whole answer was written."""
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set when the other side went away before that."""

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def model(self) -> str | None:
        """The model that the body names, None when it names none."""
        try:
            return self.json.get("model")
        except (ValueError, AttributeError):
            return None


Reply = Answer | Callable[[RecordedRequest], Answer]


@dataclass
class _Script:
    path: str
    model: str | None
    replies: list[Reply]


class ReplayProvider:
    """The server. Use it as a context manager; it listens on a free loopback port."""

    def __init__(self, tls: ssl.SSLContext | None = None):
        self._lock = threading.Lock()
        self._scripts: list[_Script] = []
        self.requests: list[RecordedRequest] = []
        """Everything received since the last `reset`, oldest first."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.provider = self
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def on(self, path: str, *replies: Reply, model: str | None = None) -> None:
        """Script the answers of a path (a shell pattern: `/model/*/converse`), of one model or of all.

        The newest script that fits a request wins. A reply may be a function of the request.
        """
        with self._lock:
            self._scripts.insert(0, _Script(path, model, list(replies)))

    def reset(self) -> None:
        """Forget scripts and requests."""
        with self._lock:
            self._scripts.clear()
            self.requests = []

    @property
    def last(self) -> RecordedRequest:
        """The newest request; raises AssertionError when there was none."""
        assert self.requests, "the provider received no request"
        return self.requests[-1]

    def answer(self, request: RecordedRequest) -> Answer:
        """Record the request and choose its answer."""
        with self._lock:
            self.requests.append(request)
            for script in self._scripts:
                if fnmatch.fnmatchcase(request.path, script.path) and script.model in (None, request.model):
                    reply = script.replies.pop(0) if len(script.replies) > 1 else script.replies[0]
                    break
            else:
                problem = f"no answer scripted for {request.method} {request.path}, model {request.model}"
                reply = Answer.json({"error": {"message": problem}}, status=501)
        return reply if isinstance(reply, Answer) else reply(request)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A thread that waits for a gate notices `stopping`; joining idle connections would wait for the client.
    block_on_close = False
    request_queue_size = 128
    provider: ReplayProvider

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]):
        super().__init__(address, handler)
        self.stopping = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when a client resets an idle connection; anything else is a bug of a script and is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _HungUpError(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        request = RecordedRequest(self.command, parts.path, parts.query, self.headers, self._read_body())
        try:
            self._send(self.server.provider.answer(request))
            request.answered.set()
        except (_HungUpError, OSError):
            request.hung_up.set()
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, answer: Answer) -> None:
        pieces = list(answer.pieces)
        while pieces and not isinstance(first := pieces[0], bytes):
            if isinstance(first, Cut):
                self.close_connection = True
                return
            self._hold(first)
            del pieces[0]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunked:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self._send_chunks(pieces)
        else:
            body = b"".join(piece for piece in pieces if isinstance(piece, bytes))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def _send_chunks(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, Cut):
                self.close_connection = True
                return
            if isinstance(piece, threading.Event):
                self._hold(piece)
            elif piece:
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _hold(self, gate: threading.Event) -> None:
        """Wait for the gate; raise _HungUpError when the client goes away or the server stops meanwhile."""
        deadline = time.monotonic() + HOLD_SECONDS
        while not gate.wait(0.02):
            gone = select.select([self.connection], [], [], 0)[0] and not self.connection.recv(1, socket.MSG_PEEK)
            if gone or self.server.stopping.is_set() or time.monotonic() > deadline:
                raise _HungUpError
