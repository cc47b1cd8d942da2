"""A provider that writes until nobody reads. Out: how much it could write, and whether it was hung up on."""

import asyncio
import json
import threading
from typing import Self

CHUNK = b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": "word " * 50}}]}).encode() + b"\n\n"
FIRST = b"HTTP/1.1 200 OK\r\ncontent-type: "


class EndlessProvider:
    """Answers `"stream": true` with chunks without end, and other requests with headers and then spaces without end.

    Use it as a context manager.
    """

    def __init__(self, pause_seconds: float = 0.005) -> None:
        self._pause = pause_seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.requests = 0
        self.written = 0
        """Pieces of answers, over all requests."""
        self.hung_up = 0
        """Requests whose reader went away."""
        self.url = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = False
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            [size] = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            streamed = json.loads(await reader.readexactly(size)).get("stream")
            asked = True
            self.requests += 1
            kind, piece = (b"text/event-stream", CHUNK) if streamed else (b"application/json", b" " * 256)
            writer.write(FIRST + kind + b"\r\ntransfer-encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
                self.written += 1
                await asyncio.sleep(self._pause)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up += asked
        except asyncio.CancelledError:
            return
        finally:
            writer.transport.abort()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _close(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
