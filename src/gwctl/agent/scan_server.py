"""Answers Portkey's webhooks over HTTP/1.1 on loopback: may this request or answer pass, and what replaces it.

In: a hook's context as Portkey's plugin `default.webhook` posts it; the rules come along in the header `x-gw-rules`, so
there is nothing to keep here and the policy that sent the request is the one that is applied. Out: `verdict`; in `data`
the ids of the rules that found something, separated by commas; `transformedData`. Whoever can connect learns of texts
and rules only what they bring. What goes wrong is a status 500 in plain text, which Portkey takes for a refusal.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Self

from gwctl.core.errors import UserError
from gwctl.edge.portkey import SCAN_SECONDS
from gwctl.edge.settings import EdgeSettings
from gwctl.policy.scanning import from_header, scan

log = logging.getLogger("gwctl.agent")

HOST: Final = "127.0.0.1"
MAX_HEAD_BYTES: Final = 256 * 1024
"""More than the rules can be: they come to Portkey in a header of 64 KiB."""
SMALL_BYTES: Final = 32 * 1024
"""A larger context is read and scanned in a thread, one at a time: it holds up neither reservations nor the memory."""


class ScanServer:
    """Listens on a port of loopback from `start` to `close`; without a port never.

    `max_bytes` bounds a context, `read_seconds` the time that a large one may take to arrive.
    """

    def __init__(self, port: int | None, max_bytes: int, read_seconds: float = SCAN_SECONDS) -> None:
        self._port = port
        self._max_bytes = max_bytes
        self._read_seconds = read_seconds
        self._large = asyncio.Lock()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @classmethod
    def of(cls, edge: EdgeSettings) -> Self:
        """The one that an edge's content rules need. Portkey tells the last message and the answer's text twice."""
        return cls(edge.scanner_port, 2 * (edge.max_request_bytes + edge.max_response_bytes))

    async def start(self) -> None:
        """Begins to listen. Raises UserError when the port is taken."""
        if self._port is None:
            return
        try:
            self._server = await asyncio.start_server(self._connected, HOST, self._port, limit=MAX_HEAD_BYTES)
        except OSError as error:
            raise UserError(f"content rules cannot be checked: {error}; free the port") from error

    async def close(self) -> None:
        """Stops to listen and drops all connections."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call after the other; whoever breaks HTTP, is too large or dawdles loses the connection."""
        try:
            with suppress(EOFError, OSError, LookupError, ValueError, asyncio.LimitOverrunError):
                while True:
                    headers = _headers(await reader.readuntil(b"\r\n\r\n"))
                    length = int(headers["content-length"])
                    if not 0 <= length <= self._max_bytes:
                        log.error("a content scan of %d bytes was refused: %d is the limit", length, self._max_bytes)
                        return
                    writer.write(await self._answer(headers.get("x-gw-rules", ""), reader, length))
                    await writer.drain()
        finally:
            writer.close()

    async def _answer(self, rules: str, reader: asyncio.StreamReader, length: int) -> bytes:
        if length <= SMALL_BYTES:
            return _answered(rules, await reader.readexactly(length))
        async with self._large:
            async with asyncio.timeout(self._read_seconds):
                body = await reader.readexactly(length)
            return await asyncio.to_thread(_answered, rules, body)


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    pairs = (line.partition(":") for line in lines)
    return {name.lower(): value.strip() for name, _, value in pairs}


def _answered(rules: str, body: bytes) -> bytes:
    try:
        answer = json.dumps(answer_to(rules, json.loads(body))).encode()
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        log.error("a content scan failed: %s", type(error).__name__)  # noqa: TRY400 - a traceback could show the text
        return b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer)


def answer_to(rules: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """What Portkey is told about a hook's context. Raises ValueError, LookupError or TypeError when it is none."""
    side = {"beforeRequestHook": "request", "afterRequestHook": "response"}[context["eventType"]]
    finding = scan(from_header(rules), context[side]["json"])
    answer: dict[str, Any] = {"verdict": finding.passes, "data": ",".join(finding.rules)}
    if finding.changed is not None:
        answer["transformedData"] = {side: {"json": finding.changed}}
    return answer
