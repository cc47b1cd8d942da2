"""Client and provider that cost little CPU, for a measurement in which they share the cores with what is measured."""

import json
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from math import inf
from pathlib import Path

import httptools

from gwctl.edge.envoy.clusters import typed
from gwctl.edge.json_types import Json
from gwctl.local.supervisor.programs import find_envoy
from support.ports import free_port
from support.processes import listening, start

CONNECTIONS = 256
"""So many that no part waits for work: what is measured is throughput."""
SILENCE_SECONDS = 20.0
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "fast",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "lorem " * 330}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 400, "total_tokens": 1400},
}


def post(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._parser = httptools.HttpResponseParser(self)
        self._is_whole = False

    def read(self) -> bool:
        """Takes what there is; says whether the answer is whole. Raises AssertionError unless it is 200."""
        data = self.socket.recv(65536)
        assert data, "the connection was closed"
        self._is_whole = False
        self._parser.feed_data(data)
        assert self._parser.get_status_code() == 200, data[:300]
        return self._is_whole

    def on_message_complete(self) -> None:
        self._is_whole = True


def flood(port: int, requests: Sequence[bytes], count: int, rate: float = inf) -> float:
    """Sends `count` requests, which take turns: as fast as they are answered, or `rate` a second, if that is slower.

    Returns the seconds it took.
    """
    connections = [_Connection(port) for _ in range(CONNECTIONS)]
    free = deque(connections)
    following = cycle(requests)
    sent = done = 0
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for each in connections:
            selector.register(each.socket, selectors.EVENT_READ, each)
        while done < count:
            wait = SILENCE_SECONDS
            while free and sent < count:
                wait = began + sent / rate - time.perf_counter()
                if wait > 0:
                    break
                free.popleft().socket.sendall(next(following))
                sent, wait = sent + 1, SILENCE_SECONDS
            ready = selector.select(wait)
            assert ready or wait < SILENCE_SECONDS, "no answer came"
            for key, _ in ready:
                if key.data.read():
                    done += 1
                    free.append(key.data)
    took = time.perf_counter() - began
    for each in connections:
        each.socket.close()
    return took


@contextmanager
def fixed_provider(folder: Path) -> Iterator[int]:
    """The port of an Envoy that answers every request with `ANSWER`."""
    port = free_port()
    as_json: Json = {"header": {"key": "content-type", "value": "application/json"}}
    route: Json = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": json.dumps(ANSWER)}},
        "response_headers_to_add": [{**as_json, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    }
    # Envoy answers a request directly as soon as it has its headers, and then closes the connection.
    whole = typed("envoy.extensions.filters.http.buffer.v3.Buffer", max_request_bytes=1_000_000)
    filters: Json = [
        {"name": "buffer", "typed_config": whole},
        {"name": "router", "typed_config": typed("envoy.extensions.filters.http.router.v3.Router")},
    ]
    http = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="provider",
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        http_filters=filters,
    )
    listener: Json = {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": http}]}],
    }
    config = folder / "provider.json"
    config.write_text(json.dumps({"static_resources": {"listeners": [listener]}}))
    command = [find_envoy(), "-c", config, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
    with start(command, ready=lambda: listening(port)):
        yield port
