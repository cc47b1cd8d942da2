"""The emulated AWS as a WSGI application. In: requests of any AWS SDK. Out: moto's answers, one at a time.

With a `Disk` an answer goes out when its effect is on it. moto's backends know no locks, and a transaction must not see
half of another: hence one at a time.
"""

import io
import json
import logging
import os
import time
import traceback
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wsgi import get_input_stream

from gwctl.core.errors import EXIT_BUG
from gwctl.emulated_aws import shim
from gwctl.emulated_aws.call import Call, Environ
from gwctl.emulated_aws.disk.disk import Disk

log = logging.getLogger("gwctl.aws")

_Answer = tuple[str, list[tuple[str, str]], bytes]
Wsgi = Callable[..., Iterable[bytes]]


class EmulatedAws:
    """Only requests signed with `access_key` are answered, None: all. `told` is called with a line for each request."""

    def __init__(
        self, disk: Disk | None = None, access_key: str | None = None, told: Callable[[str], None] | None = None
    ) -> None:
        self._moto: Wsgi = DomainDispatcherApplication(_app_of)
        self._disk = disk
        self._access_key = access_key
        self._told = told
        self._lock = Lock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one request."""
        began = time.monotonic()
        body = get_input_stream(environ).read()
        call = Call.of(environ, body)
        answer = self._own_answer(call)
        if answer is None:
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            with self._lock:
                answer = self._motos_answer(environ, call)
        status, headers, data = answer
        if self._told:
            self._told(f"{time.strftime('%H:%M:%S')} {status} {time.monotonic() - began:.2f} s {call}")
        if not any(name.lower() == "content-length" for name, _ in headers) and not status.startswith(("204", "304")):
            headers = [*headers, ("Content-Length", str(len(data)))]
        start_response(status, headers)
        return [] if call.method == "HEAD" or not data else [data]

    def _own_answer(self, call: Call) -> _Answer | None:
        """To what moto is not asked."""
        if call.path == "/healthz":
            return "200 OK", [("Content-Type", "application/json")], b'{"status":"ok"}'
        if call.path.startswith("/moto-api"):
            return "404 Not Found", [("Content-Type", "text/plain")], b"not offered here"
        if self._access_key and not call.signed_with(self._access_key):
            # A page that a browser has open could ask too, and so could other people on this machine.
            return "403 Forbidden", [("Content-Type", "text/plain")], b"not signed with this gateway's access key"
        if self._disk and not self._disk.could_keep(call):
            message = f"the local AWS could not keep what {call.action} writes"
            return _refusal("400 Bad Request", "ValidationException", message)
        return None

    def _motos_answer(self, environ: Environ, call: Call) -> _Answer:
        started: list[Any] = []
        try:
            parts = self._moto(environ, lambda *given: started.extend(given))
            data = b"".join(parts)
            getattr(parts, "close", lambda: None)()
        except Exception as error:  # noqa: BLE001 - whatever it is, the server goes on
            traceback.print_exc()
            # What moto cannot do it cannot do the next time either: not a 500, which clients try again and again.
            return _refusal("501 Not Implemented", "NotImplemented", f"moto: {error!r}")
        status, headers = started[:2]
        if self._disk and int(status.split()[0]) < 400:
            try:
                self._disk.keep(call, data)
            except Exception:
                # Memory and disk differ now. Whoever starts this again starts from the disk.
                log.critical("a change cannot be kept; giving up", exc_info=True)
                os._exit(EXIT_BUG)
        return status, headers, data


def _app_of(service: Any) -> Any:
    """moto's application for one service, patched; moto asks for it when the first request for the service comes."""
    shim.apply(service)
    if service == "dynamodb":
        from gwctl.emulated_aws.transactions import undo_only_what_was_touched

        undo_only_what_was_touched()
    return create_backend_app(service)


def _refusal(status: str, kind: str, message: str) -> _Answer:
    body = json.dumps({"__type": kind, "message": message}).encode()
    return status, [("Content-Type", "application/x-amz-json-1.0")], body
