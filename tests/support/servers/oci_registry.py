"""A container registry on loopback, as strict as ECR: OCI Distribution Specification 1.1 with bearer or basic login.

In: repositories filled by `add_image`, or by pushes. Out: `base`, its host and port; `calls`, what it was asked.
It refuses manifests whose parts it has not got, uploads with another digest, and callers without a login.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class OciRegistry:
    """What is stored, and how calls are answered."""

    def __init__(self, *, login: tuple[str, str] | None = None, scheme: str = "bearer") -> None:
        self.login = login
        self.scheme = scheme
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.calls: list[str] = []
        self.tampered: dict[str, bytes] = {}
        """Digest → other bytes that are sent instead."""
        self.redirects_blobs = False
        self.base = ""

    def add_image(self, repository: str, tag: str, platforms: int = 2) -> str:
        """An index of small images that share a layer; returns its digest."""
        children = []
        for number in range(platforms):
            layers = [self._blob(repository, f"shared by all of {repository}".encode())]
            layers.append(self._blob(repository, f"{repository} for platform {number}".encode() * 1000))
            config = self._blob(repository, json.dumps({"architecture": f"arch{number}"}).encode())
            manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
            children.append(self._manifest(repository, MANIFEST, manifest))
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
        digest = self._manifest(repository, INDEX, index)["digest"]
        self.manifests[repository, tag] = self.manifests[repository, digest]
        return digest

    def _blob(self, repository: str, content: bytes) -> dict[str, Any]:
        self.blobs[repository, digest_of(content)] = content
        return {"mediaType": "application/octet-stream", "digest": digest_of(content), "size": len(content)}

    def _manifest(self, repository: str, kind: str, document: dict[str, Any]) -> dict[str, Any]:
        content = json.dumps(document).encode()
        self.manifests[repository, digest_of(content)] = (kind, content)
        return {"mediaType": kind, "digest": digest_of(content), "size": len(content)}

    def missing_parts(self, repository: str, content: bytes) -> list[str]:
        document = json.loads(content)
        blobs = [*document.get("layers", []), *([document["config"]] if "config" in document else [])]
        missing = [each["digest"] for each in blobs if (repository, each["digest"]) not in self.blobs]
        children = document.get("manifests", [])
        return missing + [each["digest"] for each in children if (repository, each["digest"]) not in self.manifests]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: OciRegistry

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        pass

    def do_HEAD(self) -> None:
        self._answer_read()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/token":
            self._answer_token(parse_qs(parts.query))
        elif parts.path.startswith("/elsewhere/"):
            # Where blobs are really stored: a token sent there would be a leak.
            assert "authorization" not in self.headers
            _, _, repository, digest = parts.path.split("/", 2)[0], "", *parts.path[11:].rsplit("/", 1)
            self._send(200, self.registry.blobs[repository, digest])
        else:
            self._answer_read()

    def do_POST(self) -> None:
        self._count()
        found = re.fullmatch(r"/v2/(.+)/blobs/uploads/", self.path)
        if not found or self._refused(found[1], "push"):
            return
        self._send(202, b"", {"location": f"/v2/{found[1]}/blobs/uploads/1?state=started"})

    def do_PUT(self) -> None:
        self._count()
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = urlsplit(self.path)
        upload = re.fullmatch(r"/v2/(.+)/blobs/uploads/1", parts.path)
        manifest = re.fullmatch(r"/v2/(.+)/manifests/(.+)", parts.path)
        repository = (upload or manifest)[1]  # pyright: ignore[reportOptionalSubscript]
        if self._refused(repository, "push"):
            return
        if upload:
            digest = parse_qs(parts.query)["digest"][0]
            if digest_of(content) != digest or parse_qs(parts.query)["state"] != ["started"]:
                self._send(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
                return
            self.registry.blobs[repository, digest] = content
            self._send(201, b"")
        elif manifest:
            if self.registry.missing_parts(repository, content):
                self._send(400, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}')
                return
            stored = (self.headers["content-type"], content)
            self.registry.manifests[repository, digest_of(content)] = stored
            self.registry.manifests[repository, manifest[2]] = stored
            self._send(201, b"", {"docker-content-digest": digest_of(content)})

    def _answer_read(self) -> None:
        self._count()
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/(.+)", self.path)
        if not found:
            self._send(404, b"")
            return
        repository, kind, reference = found.groups()
        if self._refused(repository, "pull"):
            return
        if kind == "manifests":
            media_type, content = self.registry.manifests.get((repository, reference), ("", None))
        else:
            media_type, content = "application/octet-stream", self.registry.blobs.get((repository, reference))
        if content is None:
            self._send(404, b'{"errors":[{"code":"UNKNOWN"}]}')
        elif kind == "blobs" and self.registry.redirects_blobs and self.command == "GET":
            host = self.registry.base.replace("127.0.0.1", "localhost")
            self._send(307, b"", {"location": f"http://{host}/elsewhere/{repository}/{reference}"})
        else:
            self._send(200, self.registry.tampered.get(reference, content), {"content-type": media_type})

    def _answer_token(self, query: dict[str, list[str]]) -> None:
        if self.registry.login and self.headers.get("authorization") != self._basic():
            self._send(401, b"")
            return
        self._send(200, json.dumps({"token": base64.b64encode(query["scope"][0].encode()).decode()}).encode())

    def _basic(self) -> str:
        assert self.registry.login
        return "Basic " + base64.b64encode(":".join(self.registry.login).encode()).decode()

    def _refused(self, repository: str, action: str) -> bool:
        given = self.headers.get("authorization", "")
        if self.registry.scheme == "basic":
            if given == self._basic():
                return False
            challenge = 'Basic realm="here"'
        else:
            scope = base64.b64decode(given.removeprefix("Bearer ")).decode() if given else ""
            if scope.startswith(f"repository:{repository}:") and action in scope.rpartition(":")[2].split(","):
                return False
            challenge = f'Bearer realm="http://{self.registry.base}/token",service="test"'
        self._send(401, b"", {"www-authenticate": challenge})
        return True

    def _count(self) -> None:
        self.registry.calls.append(f"{self.command} {urlsplit(self.path).path}")

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        if status >= 400 and self.command in {"POST", "PUT"}:
            self.close_connection = True  # the body may not have been read
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def oci_registry(*, login: tuple[str, str] | None = None, scheme: str = "bearer") -> Iterator[OciRegistry]:
    """A registry that runs; it stops at the end."""
    registry = OciRegistry(login=login, scheme=scheme)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"registry": registry}))
    server.daemon_threads = True
    registry.base = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
