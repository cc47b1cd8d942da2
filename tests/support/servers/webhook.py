"""A webhook that keeps what it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """A webhook: keeps what it gets, and answers as `plan` says, then 204."""

    daemon_threads = True
    got: list[dict[str, Any]]
    plan: list[int]
    hold: threading.Event

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?token=secret"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.hold.wait(30)
        status = self.server.plan.pop(0) if self.server.plan else 204
        if status == 204:
            self.server.got.append(body)
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        """Print nothing."""


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    server = Receiver(("127.0.0.1", 0), _Handler)
    server.got, server.plan, server.hold = [], [], threading.Event()
    server.hold.set()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
