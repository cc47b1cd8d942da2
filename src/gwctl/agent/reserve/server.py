"""Answers the edge's reserve calls over HTTP/1.1 on a Unix socket, from memory.

In: requests of Envoy's `ext_authz` filter with the header `x-gw-reserve`; method, path and body mean nothing. Out: what
`ReserveHandler` decides. Whoever can open the socket can reserve, so it belongs to the owner alone.
"""

import asyncio
import logging
import os
import socket
import struct
import sys
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path

import httptools

from gwctl.agent.reserve.answers import unavailable
from gwctl.agent.reserve.handler import ReserveHandler

log = logging.getLogger("gwctl.agent")

HEADER = b"x-gw-reserve"
MAX_REQUEST_BYTES = 64 * 1024
"""More than the edge's longest header; a longer request ends the connection."""
BACKLOG = 4096
SOCKET_MODE = 0o600


class ReserveServer:
    """Listens on `path` from `start` to `close`. A socket that a former process left is replaced."""

    def __init__(self, path: Path, handler: ReserveHandler) -> None:
        self._path = path
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._edges: set[int] = set()

    async def start(self) -> None:
        """Begins to listen. Raises OSError, e.g. when the path is too long or its directory is missing."""
        listener = _listener(self._path)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._connection, sock=listener, backlog=BACKLOG)

    async def close(self) -> None:
        """Stops to listen and drops all connections; who waits for an answer gets none."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
        await self._server.wait_closed()
        self._path.unlink(missing_ok=True)

    def _connection(self) -> "_Connection":
        return _Connection(self._handler, self._connections, self._edges)

    def dead_edges(self) -> AbstractSet[int]:
        """Processes that called, have ended, and have no call left to be read. Each is told until `forget`.

        An edge whose process cannot be seen from here, because it runs in a container of its own, is never among them.
        """
        connected = {connection.edge for connection in self._connections}
        return {edge for edge in self._edges - connected if not _runs(edge)}

    def is_dead(self, edge: int) -> bool:
        """Whether this process has ended and no call of it is left to be read."""
        return not _runs(edge) and all(connection.edge != edge for connection in self._connections)

    def expect(self, edges: AbstractSet[int]) -> None:
        """These called a former life of this agent, and may have ended since."""
        self._edges |= edges

    def forget(self, edges: AbstractSet[int]) -> None:
        """Tells these dead edges no more."""
        self._edges -= edges


class _Connection(asyncio.Protocol):
    """One connection of the edge: one call after the other, kept alive."""

    def __init__(self, handler: ReserveHandler, connections: set["_Connection"], edges: set[int]) -> None:
        self._handler = handler
        self._connections = connections
        self._edges = edges
        self.edge = 0
        """Its process; 0: not known."""
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._header = b""
        self._read = 0
        self._busy = False
        self._waiting: str | None = None

    def abort(self) -> None:
        """Drops the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        self.edge = _process_at(transport.get_extra_info("socket"))
        if self.edge:
            self._edges.add(self.edge)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self._connections.discard(self)
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._handler.gone(waiting)

    def data_received(self, data: bytes) -> None:
        self._read += len(data)
        if self._read > MAX_REQUEST_BYTES or self._busy:
            self._refuse_connection("it sent too much at once")
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._refuse_connection(str(error))

    # What follows is called by the parser.

    def on_message_begin(self) -> None:
        self._header = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == HEADER:
            self._header = value

    def on_message_complete(self) -> None:
        if self._busy:  # a second request in the same piece: the edge sends the next one after the answer
            raise httptools.HttpParserError("a request came before the last one was answered")
        self._busy = True
        try:
            waiting = self._handler.ask(self._header, self.edge, self._answer)
        except Exception:  # a bug must refuse this one request and no other
            log.exception("a reserve call could not be decided")
            self._answer(unavailable("openai", "The agent failed."))
            return
        if self._busy:
            self._waiting = waiting

    def _answer(self, answer: bytes) -> None:
        self._busy, self._waiting, self._read = False, None, 0
        if self._transport is not None:
            self._transport.write(answer)

    def _refuse_connection(self, why: str) -> None:
        log.error("the edge's connection for reservations is dropped: %s", why)
        self.abort()


def _listener(path: Path) -> socket.socket:
    """A socket that only its owner may open, from its first moment on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o777 & ~SOCKET_MODE)
    try:
        listener.bind(str(path))
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _process_at(connection: socket.socket) -> int:
    """The process at the other end, also when it has ended meanwhile; 0: not known here."""
    with suppress(OSError):
        if sys.platform == "linux":
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
            return struct.unpack("iII", credentials)[0]
        if sys.platform == "darwin":
            return connection.getsockopt(0, 2)  # SOL_LOCAL, LOCAL_PEERPID in sys/un.h
    return 0


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
