"""HTTP/1.1 written by hand, for requests that no HTTP library would send.

In: bytes, as they are to go over the wire. Out: `httpx.Response`s, or None where the server closed the connection
without a word.
"""

import select
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

TIMEOUT_SECONDS = 10.0

Header = tuple[str, str]


def request(
    target: str,
    headers: Iterable[Header] = (),
    body: bytes = b"",
    *,
    method: str = "POST",
    host: str = "gateway",
) -> bytes:
    """One request. Names and values go out as they are; a body gets a content-length, unless there is one already."""
    listed = [("host", host), *headers]
    if body and not any(name.lower() in {"content-length", "transfer-encoding"} for name, _ in listed):
        listed.append(("content-length", str(len(body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in listed)
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def chunked(*chunks: bytes) -> bytes:
    """A body in chunks, with the last one."""
    return b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in (*chunks, b""))


class Wire:
    """A connection to the gateway at `url`. Use it as a context manager."""

    def __init__(self, url: str):
        self.url = url
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        address = (parts.hostname or "", parts.port or (443 if tls else 80))
        self._socket = socket.create_connection(address, TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=parts.hostname)
        self._reader = self._socket.makefile("rb")

    def send(self, *data: bytes) -> Self:
        """Send these bytes. That the server hung up meanwhile shows when the answer is read."""
        with suppress(BrokenPipeError, ConnectionResetError):
            for each in data:
                self._socket.sendall(each)
        return self

    def answer(self, *, to_head: bool = False) -> httpx.Response | None:
        """The next answer; None when there is none because the server closed the connection.

        `to_head` says that the request was a HEAD, whose answer has no body.
        """
        try:
            line = self._reader.readline()
            if not line:
                return None
            status = int(line.split()[1])
            headers = self._headers()
            body = b"" if to_head or status < 200 or status in {204, 304} else self._body(httpx.Headers(headers))
        except ConnectionResetError:
            return None
        return httpx.Response(status, headers=headers, content=body)

    def answers(self) -> list[httpx.Response]:
        """All answers until the server closes the connection."""
        found: list[httpx.Response] = []
        while answer := self.answer():
            found.append(answer)
            if answer.headers.get("connection") == "close":
                # The server has said its last word; it would wait a second for ours.
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_WR)
        return found

    def has_answer(self, seconds: float) -> bool:
        """Whether something, or the end, arrives within this time."""
        readable, _, _ = select.select([self._socket], [], [], seconds)
        return bool(readable)

    def _headers(self) -> list[Header]:
        headers: list[Header] = []
        while line := self._reader.readline().rstrip(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name, value.strip()))
        return headers

    def _body(self, headers: httpx.Headers) -> bytes:
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self._reader.readline(), 16):
                body += self._reader.read(size)
                self._reader.readline()
            self._reader.readline()
            return body
        if "content-length" in headers:
            return self._reader.read(int(headers["content-length"]))
        return self._reader.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
        self._socket.close()


def exchange(url: str, *data: bytes, to_head: bool = False) -> httpx.Response | None:
    """Send these bytes on a connection of their own and return the first answer; None when there is none."""
    with Wire(url) as wire:
        return wire.send(*data).answer(to_head=to_head)
