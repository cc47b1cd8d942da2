"""A forward proxy on loopback that leads nowhere.

In: what a program sends to its HTTP(S) proxy. Out: `proxy.tried`, the host and port of each attempt, and 403 for
the program. With `proxy.environment()` a program reaches loopback directly and everything else ends here, at
once, instead of in a timeout.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


class DeadEndProxy:
    """The proxy. Use it as a context manager; it listens on a free loopback port."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        """`host:port` of every attempt so far, oldest first, repeats included."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.tried = self.tried
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def environment(self) -> dict[str, str]:
        """The variables, in both casings, that send everything but loopback here."""
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        variables = {**dict.fromkeys(names, self.url), "NO_PROXY": "127.0.0.1,localhost,::1"}
        return variables | {name.lower(): value for name, value in variables.items()}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    tried: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing."""

    def _refuse(self) -> None:
        if self.command == "CONNECT":
            target = self.path
        else:
            parts = urlsplit(self.path)
            target = f"{parts.hostname}:{parts.port or 80}"
        self.server.tried.append(target)
        self.close_connection = True
        self.send_response(403, "This proxy leads nowhere")
        self.send_header("content-length", "0")
        self.send_header("connection", "close")
        self.end_headers()

    do_CONNECT = do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse  # noqa: N815
