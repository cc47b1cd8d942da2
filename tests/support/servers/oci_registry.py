"""A container registry on loopback, as strict as ECR: OCI Distribution Specification 1.1, with basic login.

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
from uuid import uuid4

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


ARCHITECTURES = ("arm64", "amd64", "386")


class OciRegistry:
    """What is stored, and how calls are answered."""

    def __init__(self, *, login: tuple[str, str] | None = None) -> None:
        self.login = login
        self.uploads: dict[str, bytes] = {}
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.calls: list[str] = []
        self.tampered: dict[str, bytes] = {}
        """Digest → other bytes that are sent instead."""
        self.base = ""

    def add_image(self, repository: str, tag: str, platforms: int = 2) -> str:
        """An index of small images that share a layer, the first for arm64; returns its digest."""
        children = []
        for number in range(platforms):
            layers = [self._blob(repository, f"shared by all of {repository}".encode())]
            layers.append(self._blob(repository, f"{repository} for platform {number}".encode() * 1000))
            config = self._blob(repository, json.dumps({"architecture": f"arch{number}"}).encode())
            manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
            platform = {"os": "linux", "architecture": ARCHITECTURES[number]}
            children.append({**self._manifest(repository, MANIFEST, manifest), "platform": platform})
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
        self._answer_read()

    def do_POST(self) -> None:
        self._count()
        repository = urlsplit(self.path).path.removeprefix("/v2/").removesuffix("/blobs/uploads/")
        if not self._refused():
            self._send(202, b"", {"location": f"/v2/{repository}/blobs/uploads/{uuid4()}"})

    def do_PATCH(self) -> None:
        self._count()
        self.registry.uploads[self.path] = self._body()
        if not self._refused():
            self._send(202, b"", {"location": self.path})

    def do_PUT(self) -> None:
        self._count()
        content = self._body()
        parts = urlsplit(self.path)
        repository, kind, reference = re.fullmatch(r"/v2/(.+)/(blobs/uploads|manifests)/(.+)", parts.path).groups()  # pyright: ignore[reportOptionalMemberAccess]
        if self._refused():
            return
        if kind == "manifests":
            if self.registry.missing_parts(repository, content):
                self._send(400, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}')
                return
            stored = (self.headers["content-type"], content)
            self.registry.manifests[repository, digest_of(content)] = stored
            self.registry.manifests[repository, reference] = stored
            self._send(201, b"", {"docker-content-digest": digest_of(content)})
            return
        content = self.registry.uploads.pop(parts.path)
        digest = parse_qs(parts.query)["digest"][0]
        if digest_of(content) != digest:
            self._send(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
            return
        self.registry.blobs[repository, digest] = content
        self._send(201, b"")

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer_read(self) -> None:
        self._count()
        if self._refused():
            return
        if self.path == "/v2/":  # where clients ask how to log in
            self._send(200, b"{}")
            return
        repository, kind, reference = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/(.+)", self.path).groups()  # pyright: ignore[reportOptionalMemberAccess]
        if kind == "manifests":
            media_type, content = self.registry.manifests.get((repository, reference), ("", None))
        else:
            media_type, content = "application/octet-stream", self.registry.blobs.get((repository, reference))
        if content is None:
            self._send(404, b'{"errors":[{"code":"UNKNOWN"}]}')
            return
        headers = {"content-type": media_type, "docker-content-digest": digest_of(content)}
        self._send(200, self.registry.tampered.get(reference, content), headers)

    def _refused(self) -> bool:
        if not self.registry.login:
            return False
        wanted = base64.b64encode(":".join(self.registry.login).encode()).decode()
        if self.headers.get("authorization") == f"Basic {wanted}":
            return False
        self._send(401, b"", {"www-authenticate": 'Basic realm="here"'})
        return True

    def _count(self) -> None:
        self.registry.calls.append(f"{self.command} {urlsplit(self.path).path}")

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        if status >= 400 and self.command in {"PATCH", "POST", "PUT"}:
            self.close_connection = True  # the body may not have been read
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def oci_registry(*, login: tuple[str, str] | None = None) -> Iterator[OciRegistry]:
    """A registry that runs; it stops at the end."""
    registry = OciRegistry(login=login)
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
