"""A small HTTP/1.1 client for load: keep-alive, any number of connections, little CPU for a request."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

import httptools


class NoAnswerError(Exception):
    """The connection ended before the answer did, or could not be made."""


@dataclass
class Answer:
    """A whole answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiting: asyncio.Future[Answer] | None = None
        self._answer = Answer(0)
        self._pieces: list[bytes] = []

    @property
    def is_open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def ask(self, request: bytes) -> "asyncio.Future[Answer]":
        if self.transport is None or not self.is_open:
            raise NoAnswerError("the connection was closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._waiting

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(NoAnswerError(f"the connection ended: {exc}"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._answer, self._pieces = Answer(0), []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        self._answer.status = self._parser.get_status_code()
        self._answer.body = b"".join(self._pieces)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._answer)


class Http:
    """Idle connections are used again. Close it in the end."""

    def __init__(self, seconds: float = 60) -> None:
        self._seconds = seconds
        self._idle: dict[int, list[_Connection]] = defaultdict(list)

    async def post(self, port: int, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Posts to a port of this machine. Raises NoAnswerError, also when the answer takes too long."""
        lines = [f"POST {path} HTTP/1.1", "host: gateway.test", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        connection = await self._connection(port)
        try:
            answer = await asyncio.wait_for(connection.ask(request), self._seconds)
        except TimeoutError:
            connection.close()
            raise NoAnswerError(f"no answer within {self._seconds} s") from None
        except BaseException:
            connection.close()
            raise
        if answer.headers.get("connection") != "close":
            self._idle[port].append(connection)
        return answer

    async def _connection(self, port: int) -> _Connection:
        idle = self._idle[port]
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        try:
            _, made = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
        except OSError as error:
            raise NoAnswerError(str(error)) from error
        return made

    def close(self) -> None:
        """Drops all connections."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
