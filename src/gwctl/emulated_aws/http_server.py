"""moto's own HTTP server around a WSGI application. In: the application and an address. Out: a server that listens.

It is werkzeug's, as moto uses it: it knows header names with underscores, which S3's metadata may have, and tells a
client at once to go on when it has asked by `Expect: 100-continue`, as S3's do. docs/adr/0053 says why not uvicorn.
"""

from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server


def serving(application: Any, host: str, port: int) -> BaseWSGIServer:
    """A server with a thread for each connection. Raises OSError: the address cannot be had."""
    server = make_server(host, port, application, threaded=True, request_handler=_Handler)
    server.daemon_threads = True  # pyright: ignore[reportAttributeAccessIssue] - the threaded one has it
    return server


class _Handler(MotoRequestHandler):
    # An answer's head and body leave together. Between them Terraform's AWS provider may close the connection under
    # the answer: docs/cursed-knowledge.md.
    wbufsize = 64 * 1024

    def handle_expect_100(self) -> bool:
        """A client that asks before it sends is told at once, and not with the answer."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing; `EmulatedAws` tells of requests if it should."""
