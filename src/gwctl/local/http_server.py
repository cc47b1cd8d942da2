"""The HTTP server of a local gateway's own programs: uvicorn, as careful with its clients as it is here. In: an ASGI
application and a socket. Out: answers, until SIGTERM or Ctrl-C. Also how a request's body is read.

A client that is slow, or sends without end, is hung up on or refused: it must not use up the gateway's memory.
"""

import asyncio
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import Any, Final

import h11
import uvicorn
from starlette.exceptions import HTTPException
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_HEAD_BYTES: Final = 256 * 1024
IDLE_SECONDS: Final = 120.0
"""For so long a client may send nothing, between requests and within one."""

TICK_SECONDS: Final = 1.0

MAX_DISCARDED_BYTES: Final = 64 * 1024 * 1024
"""A body that is too large is read to its end up to here: who is still sending does not see an answer."""


class _Protocol(H11Protocol):
    """Hangs up when a request's head takes too long, too."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._wait_for_head()

    def _wait_for_head(self) -> None:
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )


class Server(uvicorn.Server):
    """Sleeps until it is to end or the date in its answers is another one; uvicorn's own wakes ten times a second."""

    async def main_loop(self) -> None:
        """See `uvicorn.Server.main_loop`."""
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), TICK_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See `uvicorn.Server.handle_exit`. The signal may come before the loop runs."""
        super().handle_exit(sig, frame)
        if hasattr(self, "_loop"):
            self._loop.call_soon_threadsafe(self._ended.set)


def listen(host: str, port: int) -> socket.socket:
    """A socket for `serve`; connections wait in it. Raises OSError: the address cannot be had."""
    return socket.create_server((host, port), backlog=1024)


def serve(app: Any, listener: socket.socket, idle_seconds: float = IDLE_SECONDS) -> None:
    """Answer until a signal says to stop; then the process exits with code 0."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # uvicorn raises it again when it has come to an end
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=int(idle_seconds),
        timeout_graceful_shutdown=1,
    )
    Server(config).run(sockets=[listener])


async def read_body(request: Request, limit: int, idle_seconds: float = IDLE_SECONDS) -> bytes:
    """The body. Raises HTTPException: 413, it is longer than `limit` bytes; 408, the client stopped sending."""
    body, length = bytearray(), 0
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise HTTPException(408) from None
        if chunk is None:
            break
        length += len(chunk)
        if length <= limit:
            body += chunk
        elif length > MAX_DISCARDED_BYTES:
            break
    if length > limit:
        raise HTTPException(413)
    return bytes(body)
