"""The AWS of a local gateway: moto server, which forgets nothing.

In: HTTP requests of any AWS SDK. Out: moto's answers, each sent when its effect is on disk (`aws_memory`). Requests
are handled one at a time: moto's backends know no locks, and a transaction must not see half of another.

Run: `python -m gwctl.local.aws_state --port N --data-dir DIR`. GET /healthz says when it is ready.
"""

import argparse
import copy
import io
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final

from werkzeug.serving import make_server
from werkzeug.wsgi import get_input_stream

from gwctl.errors import EXIT_BUG, UserError

os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")

import moto.dynamodb.models as moto_dynamodb
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app

from gwctl.local.aws_memory import AwsMemory, ItemName, find_item, key_names, key_of, put_back

log = logging.getLogger("gwctl.aws")

Environ = dict[str, Any]
Wsgi = Callable[..., Iterable[bytes]]

READS: Final = ("Get", "Query", "Scan", "BatchGet", "TransactGet", "Describe", "List")
_CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")


class RememberingAws:
    """A WSGI application around moto's."""

    def __init__(self, app: Wsgi, memory: AwsMemory) -> None:
        self._app = app
        self._memory = memory
        self._lock = Lock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one request."""
        path = environ.get("PATH_INFO", "")
        if path == "/healthz":
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "15")])
            return [b'{"status":"ok"}']
        if path.startswith("/moto-api"):  # it could reset everything, for any page that a browser has open
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"not offered here"]
        body = get_input_stream(environ).read()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        answer: list[Any] = []
        with self._lock:
            parts = self._app(environ, lambda *given: answer.extend([given]))
            data = b"".join(parts)
            getattr(parts, "close", lambda: None)()
            if int(answer[0][0].split()[0]) < 400:
                try:
                    self._remember(environ, body)
                except Exception:
                    # Memory and disk differ now. Whoever starts this again starts from the disk.
                    log.critical("%s cannot be kept; giving up", environ.get("HTTP_X_AMZ_TARGET", path), exc_info=True)
                    os._exit(EXIT_BUG)
        status, headers = answer[0][:2]
        if environ["REQUEST_METHOD"] == "HEAD":
            data = b""  # its length stands in the headers
        if not any(name.lower() == "content-length" for name, _ in headers) and not status.startswith(("204", "304")):
            headers = [*headers, ("Content-Length", str(len(data)))]
        start_response(status, headers)
        return [data] if data else []

    def _remember(self, environ: Environ, body: bytes) -> None:
        prefix, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if prefix.startswith("DynamoDB_"):
            if action.startswith(READS):
                return
            region = _region(environ)
            names = list(_written(region, action, json.loads(body)))
            if names:
                self._memory.keep_items(names)
            else:
                self._memory.keep_tables(region)
        elif environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            self._memory.keep_objects()  # other services write objects too


def _region(environ: Environ) -> str:
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    return match[1] if match else "us-east-1"


def _written(region: str, action: str, request: Mapping[str, Any]) -> Iterator[ItemName]:
    """The items that a request of DynamoDB may have written; none for what changes tables."""
    match action:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            yield _name(region, request)
        case "TransactWriteItems":
            for operation in request["TransactItems"]:
                for part in operation.values():
                    yield _name(region, part)
        case "BatchWriteItem":
            for table, operations in request["RequestItems"].items():
                for operation in operations:
                    for part in operation.values():
                        yield _name(region, {"TableName": table, **part})
        case _:
            return


def _name(region: str, part: Mapping[str, Any]) -> ItemName:
    table = str(part["TableName"]).rpartition("/")[2]
    return region, table, key_of(key_names(region, table), part.get("Key") or part["Item"])


class _Copy:
    """Stands for the module `copy` in moto's DynamoDB, where a whole table is copied for each transaction."""

    @staticmethod
    def deepcopy(value: Any) -> Any:
        return value if isinstance(value, Table) else copy.deepcopy(value)


def undo_only_what_was_touched() -> None:
    """Replaces moto's way back from a transaction that fails: a copy of the items in it, not of their tables.

    With 50,000 items in a table the copy took seconds, for every transaction.
    """
    transact = DynamoDBBackend.transact_write_items

    def transact_write_items(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        names: list[ItemName] = []
        for operation in transact_items:
            parts = [part for part in operation.values() if part.get("TableName") in self.tables]
            names.extend(_name(self.region_name, part) for part in parts)
        before = {name: copy.deepcopy(find_item(*name)) for name in names}
        try:
            transact(self, transact_items)
        except BaseException:
            for name, item in before.items():
                put_back(*name, item)
            raise

    setattr(moto_dynamodb, "copy", _Copy)  # noqa: B010 - a module attribute that its types do not know
    DynamoDBBackend.transact_write_items = transact_write_items


class _Handler(MotoRequestHandler):
    # Not waitress: it never answers a PUT with an empty body that says `Expect: 100-continue`, as S3 clients do.

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing: there are several requests a second."""


def create_app(directory: Path) -> RememberingAws:
    """The application with everything that the directory remembers. Raises UserError."""
    undo_only_what_was_touched()
    memory = AwsMemory(directory)
    memory.restore()
    return RememberingAws(DomainDispatcherApplication(create_backend_app), memory)


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1, with one sentence, when the directory or the address is unusable."""
    parser = argparse.ArgumentParser(prog="python -m gwctl.local.aws_state", description="The local AWS.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data-dir", type=Path, required=True, help="where the content is kept")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        app = create_app(options.data_dir)
        server = make_server(options.host, options.port, app, threaded=True, request_handler=_Handler)
    except (UserError, OSError) as error:
        print(f"aws: {error}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.daemon_threads = True  # pyright: ignore[reportAttributeAccessIssue] - the threaded one has it
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
