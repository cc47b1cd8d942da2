"""A provider that is cheap to run: OpenAI's chat completions over HTTP/1.1, plain and streamed, with random usage.

In: a request whose first message begins with `{"in": N, "out": N, "ms": N}`: what to report as used, and how long to
take. Out: an answer that reports it. `python -m tools.bench.provider PORT` runs it.
"""

import asyncio
import json
import sys
from typing import Any

import httptools

CHUNKS = 4


def answer(body: dict[str, Any], told: dict[str, int]) -> list[bytes]:
    """The answer's pieces: one if it is plain, else the events of the stream."""
    usage = {
        "prompt_tokens": told["in"],
        "completion_tokens": told["out"],
        "total_tokens": told["in"] + told["out"],
    }
    common = {"id": "chatcmpl-1", "created": 1, "model": body["model"]}
    if not body.get("stream"):
        message = {"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}
        return [json.dumps({**common, "object": "chat.completion", "choices": [message], "usage": usage}).encode()]
    chunk = {**common, "object": "chat.completion.chunk", "usage": None}
    pieces = [{**chunk, "choices": [{"index": 0, "delta": {"content": "ok"}}]} for _ in range(CHUNKS)]
    pieces += [{**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
    pieces += [{**chunk, "choices": [], "usage": usage}]
    return [b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in pieces] + [b"data: [DONE]\n\n"]


class Connection(asyncio.Protocol):
    """One connection; requests are answered one after the other. GET is told how many others came."""

    served = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""
        self.work: set[asyncio.Task[None]] = set()

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.body = b""

    def on_headers_complete(self) -> None:
        Connection.served += self.parser.get_method() == b"POST"

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if not self.body:
            self._plain(str(Connection.served).encode())
            return
        body = json.loads(self.body)
        told = json.JSONDecoder().raw_decode(body["messages"][0]["content"])[0]
        if not told["ms"] and not body.get("stream"):
            self._plain(answer(body, told)[0])
            return
        task = asyncio.get_running_loop().create_task(self._answer(body, told))
        self.work.add(task)
        task.add_done_callback(self.work.discard)

    async def _answer(self, body: dict[str, Any], told: dict[str, int]) -> None:
        pieces = answer(body, told)
        pause = told["ms"] / 1000 / len(pieces)
        if not body.get("stream"):
            await asyncio.sleep(pause)
            self._plain(pieces[0])
            return
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        self.transport.write(head)
        for piece in pieces:
            await asyncio.sleep(pause)
            self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.transport.write(b"0\r\n\r\n")

    def _plain(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.transport.write(head + body)


async def serve(port: int) -> None:
    """Until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
