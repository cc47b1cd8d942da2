"""An agent that answers the edge's reserve calls as a test says, over a real Unix socket.

In: `agent.answer`, the bytes of an HTTP/1.1 answer, which repeats. Out: those bytes, and `agent.requests`.
"""

import asyncio
import json
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

GRANTED: Mapping[str, str] = {"x-gw-receipt": "search-day@2026-11-21"}


def answer(status: int = 200, headers: Mapping[str, str] = GRANTED, body: bytes = b"") -> bytes:
    """An HTTP/1.1 answer after which the connection stays open."""
    lines = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


class Asked:
    """A reserve call: its request line and its headers."""

    def __init__(self, head: bytes) -> None:
        self.line, *lines = head.decode().rstrip().split("\r\n")
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def reserve(self) -> dict[str, Any]:
        """The header that says what to reserve."""
        return json.loads(self.headers["x-gw-reserve"])


class ScriptedAgent:
    """The server. Use it as a context manager; `stop` and `start` are a restart, as often as wanted."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp")
        self.socket = Path(self._folder.name) / "reserve.sock"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.reset()

    def reset(self) -> None:
        """Forget the calls; grant from now on."""
        self.requests: list[Asked] = []
        self.connections = 0
        self.answer: bytes = answer()
        self.delay_seconds = 0.0
        self.closes_idle = False
        """Close a connection after its first answer, without saying so in the answer."""

    @property
    def last(self) -> Asked:
        """The newest call; AssertionError when there was none."""
        assert self.requests, "the agent was not asked"
        return self.requests[-1]

    def start(self) -> None:
        """Listen."""
        self._run(self._listen())

    def stop(self) -> None:
        """Close every connection and the socket, as a killed process does."""
        self._run(self._close())

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self.socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self.socket)

    async def _close(self) -> None:
        if self._server:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        self.socket.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        self.connections += 1
        try:
            while True:
                asked = Asked(await reader.readuntil(b"\r\n\r\n"))
                self.requests.append(asked)
                await asyncio.sleep(self.delay_seconds)
                writer.write(self.answer)
                await writer.drain()
                if not self.answer or self.closes_idle:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._open.discard(writer)
            writer.close()

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._folder.cleanup()
