"""HTTP/2 frame by frame, for requests that no HTTP library would send.

In: header lists as they are to go over the wire. Out: `httpx.Response`s, or None for a stream that the server reset.
Without TLS the connection begins with HTTP/2's preface ("prior knowledge").
"""

import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)

from gateway.conformance.kit.http1 import TIMEOUT_SECONDS, Header


@dataclass
class _Stream:
    headers: list[Header] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset: bool = False


class Http2Wire:
    """A connection to the gateway at `url`. Use it as a context manager."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        address = (parts.hostname or "", parts.port or (443 if tls else 80))
        self._socket = socket.create_connection(address, TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.create_default_context()
            context.set_alpn_protocols(["h2"])
            self._socket = context.wrap_socket(self._socket, server_hostname=parts.hostname)
        self._scheme = parts.scheme
        self._connection = H2Connection(
            H2Configuration(
                client_side=True,
                header_encoding="latin-1",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
                validate_inbound_headers=False,
            )
        )
        self._streams: dict[int, _Stream] = {}
        self.is_closed = False
        self._connection.initiate_connection()
        self._flush()

    def send(
        self,
        path: str,
        headers: Iterable[Header] = (),
        body: bytes = b"",
        *,
        method: str = "POST",
        authority: str = "gateway",
        trailers: Iterable[Header] = (),
    ) -> int:
        """An ordinary request with any headers; returns its stream."""
        pseudo = [(":method", method), (":path", path), (":scheme", self._scheme), (":authority", authority)]
        return self.send_raw([*pseudo, *headers], body, trailers)

    def send_raw(self, headers: Sequence[Header], body: bytes = b"", trailers: Iterable[Header] = ()) -> int:
        """A request with exactly these headers, pseudo ones among them. The body is at most 16 KiB."""
        stream = self._connection.get_next_available_stream_id()
        self._streams[stream] = _Stream()
        last = list(trailers)
        self._connection.send_headers(stream, headers, end_stream=not body and not last)
        if body:
            self._connection.send_data(stream, body, end_stream=not last)
        if last:
            self._connection.send_headers(stream, last, end_stream=True)
        self._flush()
        return stream

    def answer(self, stream: int) -> httpx.Response | None:
        """The answer on this stream; None when the server reset it or closed the connection."""
        state = self._streams[stream]
        while not (state.ended or state.reset or self.is_closed):
            self._receive()
        if not state.ended:
            return None
        status = int(dict(state.headers)[":status"])
        plain = [(name, value) for name, value in state.headers if not name.startswith(":")]
        return httpx.Response(status, headers=plain, content=bytes(state.body))

    def _receive(self) -> None:
        try:
            data = self._socket.recv(65_536)
        except ConnectionResetError:
            data = b""
        if not data:
            self.is_closed = True
            return
        for event in self._connection.receive_data(data):
            self._take(event)
        self._flush()

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived() | InformationalResponseReceived():
                self._streams[event.stream_id].headers = [(str(name), str(value)) for name, value in event.headers]
            case DataReceived():
                self._streams[event.stream_id].body += event.data
                self._connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded():
                self._streams[event.stream_id].ended = True
            case StreamReset():
                self._streams[event.stream_id].reset = True
            case ConnectionTerminated():
                self.is_closed = True
            case _:
                pass

    def _flush(self) -> None:
        try:
            self._socket.sendall(self._connection.data_to_send())
        except (BrokenPipeError, ConnectionResetError):
            self.is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
