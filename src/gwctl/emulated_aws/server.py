"""The emulated AWS: `python -m gwctl.emulated_aws.server URL_FILE`. In: where to write its URL. Out: a server.

moto 5.2.5 with the patches of `moto_shim.py`, on a free port of 127.0.0.1. Everything is in memory: what was built in
it is gone with the process. It checks no credentials, so it listens on loopback alone.
"""

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

HOST: Final = "127.0.0.1"
_SETTINGS: Final = {
    "MOTO_ACM_VALIDATION_WAIT": "0",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",  # the provider reads those that roles are given
}

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def main(url_file: Path) -> None:
    """Serve until SIGTERM."""
    os.environ.update(_SETTINGS)  # moto reads them when it is imported

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from gwctl.core.files import write_atomically
    from gwctl.emulated_aws import moto_shim

    class Handler(MotoRequestHandler):
        """`one_by_one` tells of requests."""

        # An answer's head and body leave together. Between them Terraform's AWS provider may close the connection under
        # the answer: docs/cursed-knowledge.md.
        wbufsize = 64 * 1024

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing."""

    moto_shim.apply()
    # moto's own server. Behind waitress, too, the AWS provider lost an answer now and then.
    application = one_by_one(DomainDispatcherApplication(create_backend_app))
    server = make_server(HOST, 0, application, threaded=True, request_handler=Handler)
    write_atomically(url_file, f"http://{HOST}:{server.port}\n".encode())
    server.serve_forever()


def one_by_one(application: Application) -> Application:
    """Answer one request at a time, and write a line for each: moto's stores are not made for several threads."""
    lock = threading.Lock()

    def serialised(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        status = "-"

        def started(given: str, *others: Any) -> Any:
            nonlocal status
            status = given
            return start_response(given, *others)

        with lock:
            began = time.monotonic()
            try:
                answer = [b"".join(application(environ, started))]
            except Exception as error:  # noqa: BLE001 - whatever it is, the server goes on
                traceback.print_exc()
                answer = _not_implemented(error, started)
            what = environ.get("HTTP_X_AMZ_TARGET") or f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
            took = time.monotonic() - began
            print(f"{time.strftime('%H:%M:%S')} {status} {took:.2f} s {environ['REQUEST_METHOD']} {what}", flush=True)
        return answer

    return serialised


def _not_implemented(error: Exception, start_response: Any) -> list[bytes]:
    """What moto cannot do it cannot do the next time either: not a 500, which clients try again and again."""
    body = json.dumps({"__type": "NotImplemented", "message": f"moto: {error!r}"}).encode()
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))]
    start_response("501 NOT IMPLEMENTED", headers, sys.exc_info())
    return [body]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
