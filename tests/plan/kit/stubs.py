"""What a plan needs from outside and the tests supply: an answer of STS, and the artefacts of the admin API."""

import shutil
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

OPENAPI: Final = Path(__file__).resolve().parents[3] / "docs" / "reference" / "openapi.json"
ADMIN_PATHS: Final = ("budgets", "keys", "policy", "pricing", "routing", "scanner", "teams", "usage")

_ANSWER: Final = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Account>{account}</Account><Arn>arn:aws:iam::{account}:user/plan-tests</Arn>
<UserId>AIDAPLANTESTS</UserId></GetCallerIdentityResult>
<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


@contextmanager
def caller_identity(account: str) -> Iterator[str]:
    """A server on loopback that answers GetCallerIdentity with `account`, and nothing else. Yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers.get("content-length", 0)))
            known = b"Action=GetCallerIdentity" in request
            body = _ANSWER.format(account=account).encode() if known else b""
            self.send_response(200 if known else 501)
            self.send_header("content-type", "text/xml")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_admin_artifacts(directory: Path) -> None:
    """The generated OpenAPI document, and for each function a small zip, the same bytes each time."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in ADMIN_PATHS:
        with zipfile.ZipFile(directory / f"{name}.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo(f"{name}.py"), "def handler(event, context):\n    return {}\n")
    shutil.copy(OPENAPI, directory / "openapi.json")
