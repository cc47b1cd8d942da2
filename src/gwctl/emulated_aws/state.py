"""The AWS of a local gateway: moto server, which forgets nothing.

In: HTTP requests of any AWS SDK. Out: moto's answers, each sent when its effect is on disk (`aws_memory`). Requests
are handled one at a time: moto's backends know no locks, and a transaction must not see half of another.

Run: `python -m gwctl.emulated_aws.state --port N --data-dir DIR`. GET /healthz says when it is ready. With an access
key in `GWCTL_LOCAL_AWS_ACCESS_KEY` only requests signed with that key are answered.
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

from gwctl.core.errors import EXIT_BUG, UserError

os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")

import moto.dynamodb.models as moto_dynamodb
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app

from gwctl.emulated_aws import cognito as aws_cognito
from gwctl.emulated_aws import moto_shim
from gwctl.emulated_aws import secrets as aws_secrets
from gwctl.emulated_aws.memory import AwsMemory, ItemName, find_item, key_names, key_of, put_back
from gwctl.stores.aws.local_names import ACCESS_KEY

log = logging.getLogger("gwctl.aws")

Environ = dict[str, Any]
_Answer = tuple[str, list[tuple[str, str]], bytes]
Wsgi = Callable[..., Iterable[bytes]]

ABOUT_TABLES: Final = {
    "CreateTable",
    "DeleteTable",
    "TagResource",
    "UntagResource",
    "UpdateContinuousBackups",
    "UpdateTable",
    "UpdateTimeToLive",
}
DYNAMODB: Final = "DynamoDB"
FIREHOSE: Final = "Firehose"
WRITES: Final = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}
KEPT: Final = {
    DYNAMODB: WRITES | ABOUT_TABLES,
    aws_cognito.SERVICE: aws_cognito.WRITES,
    aws_secrets.SERVICE: aws_secrets.WRITES,
}
"""What may be written of each service that is kept item by item."""
OWN_MODULES: Final = {module.SERVICE: module for module in (aws_cognito, aws_secrets)}
READS: Final = ("Get", "Query", "Scan", "BatchGet", "TransactGet", "Describe", "List")
_CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")


class RememberingAws:
    """A WSGI application around moto's. Only requests signed with `access_key` are answered, None: all."""

    def __init__(self, app: Wsgi, memory: AwsMemory, access_key: str | None = None) -> None:
        self._app = app
        self._memory = memory
        self._access_key = access_key
        self._lock = Lock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one request."""
        status, headers, data = self._own_answer(environ) or self._motos_answer(environ)
        if not any(name.lower() == "content-length" for name, _ in headers) and not status.startswith(("204", "304")):
            headers = [*headers, ("Content-Length", str(len(data)))]
        start_response(status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" or not data else [data]

    def _own_answer(self, environ: Environ) -> _Answer | None:
        """To what moto is not asked."""
        path, (service, action) = environ.get("PATH_INFO", ""), _target(environ)
        if path == "/healthz":
            return "200 OK", [("Content-Type", "application/json")], b'{"status":"ok"}'
        if path.startswith("/moto-api"):
            return "404 Not Found", [("Content-Type", "text/plain")], b"not offered here"
        if self._access_key and f"Credential={self._access_key}/" not in environ.get("HTTP_AUTHORIZATION", ""):
            # A page that a browser has open could ask too, and so could other people on this machine.
            return "403 Forbidden", [("Content-Type", "text/plain")], b"not signed with this gateway's access key"
        if service in KEPT and not action.startswith(READS) and action not in KEPT[service]:
            refusal = {"__type": "ValidationException", "message": f"the local AWS could not keep what {action} writes"}
            return "400 Bad Request", [("Content-Type", "application/x-amz-json-1.0")], json.dumps(refusal).encode()
        return None

    def _motos_answer(self, environ: Environ) -> _Answer:
        body = get_input_stream(environ).read()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        started: list[Any] = []
        with self._lock:
            parts = self._app(environ, lambda *given: started.extend(given))
            data = b"".join(parts)
            getattr(parts, "close", lambda: None)()
            status, headers = started[:2]
            if int(status.split()[0]) < 400:
                try:
                    self._remember(environ, body, data)
                except Exception:
                    # Memory and disk differ now. Whoever starts this again starts from the disk.
                    log.critical("a change cannot be kept; giving up", exc_info=True)
                    os._exit(EXIT_BUG)
        return status, headers, data

    def _remember(self, environ: Environ, body: bytes, answer: bytes) -> None:
        service, action = _target(environ)
        if service in KEPT and action.startswith(READS):
            return
        if service in OWN_MODULES:
            OWN_MODULES[service].keep(
                self._memory, _region(environ), action, json.loads(body), json.loads(answer or b"{}")
            )
        elif service == DYNAMODB:
            region = _region(environ)
            request = json.loads(body)
            names = list(_written(region, action, request))
            if names:
                self._memory.keep_items(names)
            else:
                self._memory.keep_table(region, _table(request))
        elif service == FIREHOSE:
            if action in {"CreateDeliveryStream", "DeleteDeliveryStream"}:
                name = json.loads(body)["DeliveryStreamName"]
                self._memory.keep_stream(_region(environ), name, body.decode() if action.startswith("Create") else "")
            else:
                self._memory.keep_added_objects()  # each delivery is an object of its own
        elif environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            place = _one_object(environ)
            if place:
                self._memory.keep_object(*place)
            else:
                self._memory.keep_objects()  # other services write objects too


def _one_object(environ: Environ) -> tuple[str, str] | None:
    """Bucket and key of a request to S3 that is about one object and nothing else."""
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match is None or match[2] != "s3" or environ["REQUEST_METHOD"] not in {"PUT", "DELETE"}:
        return None
    if environ.get("QUERY_STRING"):  # tags, access lists, parts of an upload, one of several versions
        return None
    bucket, _, key = environ.get("PATH_INFO", "").encode("latin-1").decode().lstrip("/").partition("/")
    return (bucket, key) if bucket and key else None


def _target(environ: Environ) -> tuple[str, str]:
    """Service and action of a request that names them in a header; two empty words for the others."""
    service, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
    return service.partition("_")[0], action


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


def _table(request: Mapping[str, Any]) -> str:
    return str(request.get("TableName") or request["ResourceArn"]).rpartition("/")[2]


def _name(region: str, part: Mapping[str, Any]) -> ItemName:
    table = _table(part)
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


def create_app(directory: Path, access_key: str | None = None) -> RememberingAws:
    """The application with everything that the directory remembers. Raises UserError."""
    undo_only_what_was_touched()
    memory = AwsMemory(directory)
    moto_shim.app_client_secrets()
    memory.restore()
    for module in OWN_MODULES.values():
        module.restore(memory)
    return RememberingAws(DomainDispatcherApplication(create_backend_app), memory, access_key)


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1, with one sentence, when the directory or the address is unusable."""
    parser = argparse.ArgumentParser(prog="python -m gwctl.emulated_aws.state", description="The local AWS.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data-dir", type=Path, required=True, help="where the content is kept")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        app = create_app(options.data_dir, os.environ.get(ACCESS_KEY))
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
