"""A container registry, by the HTTP API of the OCI Distribution Specification 1.1. In: names and digests. Out: content.

Nothing is believed: a manifest or blob whose bytes do not have the digest that was asked for is an error.
https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md; bearer tokens as the Distribution project
describes them (https://distribution.github.io/distribution/spec/auth/token/).
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final
from urllib.parse import urljoin, urlsplit

import requests

from gwctl.core.errors import UserError

INDEX_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
SECONDS: Final = (10, 120)
"""For a connection, and between two pieces of an answer."""
PIECE: Final = 1024 * 1024
LARGEST_MANIFEST: Final = 4 * 1024 * 1024
"""Bytes; the specification asks registries to take at least this much."""
_ALIASES: Final = {"docker.io": "registry-1.docker.io"}
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Manifest:
    """A manifest or index: its bytes are exactly what its digest says."""

    digest: str
    media_type: str
    content: bytes


def digest_of(content: bytes) -> str:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Registry:
    """One registry. `host` is its name, with a port if need be; plain HTTP is only spoken to this machine.

    `user` and `password` are sent to this registry and to the token service that it names, over TLS only.
    """

    def __init__(self, host: str, *, user: str | None = None, password: str | None = None) -> None:
        self.host = host
        local = host.partition(":")[0] in {"127.0.0.1", "localhost"}
        self._url = f"{'http' if local else 'https'}://{_ALIASES.get(host, host)}/v2"
        self._login = (user, password) if user is not None and password is not None else None
        self._tokens: dict[str, str] = {}
        self._basic = False
        self._session = requests.Session()

    def digest(self, repository: str, tag: str) -> str:
        """What a tag stands for now. Raises UserError."""
        answer = self._manifest(repository, tag)
        return digest_of(answer.content)

    def manifest(self, repository: str, digest: str) -> Manifest:
        """A manifest by digest. Raises UserError: it is not there, or is something else."""
        found = self._manifest(repository, digest)
        if digest_of(found.content) != digest:
            raise UserError(
                f"{self.host}/{repository} answers {digest_of(found.content)} when asked for {digest}; "
                "do not use it, and tell whoever runs the registry"
            )
        return Manifest(digest, found.media_type, found.content)

    def has_manifest(self, repository: str, digest: str) -> bool:
        """Whether a manifest is there."""
        return self._there(f"{repository}/manifests/{digest}", repository)

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether a blob is there."""
        return self._there(f"{repository}/blobs/{digest}", repository)

    def read_blob(self, repository: str, digest: str, size: int, into: IO[bytes]) -> None:
        """Write a blob into a file. Raises UserError: it is not there, or not these bytes."""
        answer = self._call("GET", f"{repository}/blobs/{digest}", repository, stream=True)
        with answer:
            self._expect(answer, {200}, f"blob {digest} of {repository}")
            content, count = hashlib.sha256(), 0
            try:
                for piece in _pieces(answer):
                    content.update(piece)
                    count += len(piece)
                    into.write(piece)
            except requests.RequestException as error:
                raise UserError(f"{self.host} broke off within blob {digest} ({error}); try again") from error
        if (count, f"sha256:{content.hexdigest()}") != (size, digest):
            raise UserError(
                f"{self.host}/{repository} sent {count} bytes with another digest when asked for {size} of {digest}; "
                "try again, and if it happens again do not use the image"
            )

    def write_blob(self, repository: str, digest: str, content: IO[bytes]) -> None:
        """Upload a blob in one piece. Raises UserError."""
        started = self._call("POST", f"{repository}/blobs/uploads/", repository, write=True)
        self._expect(started, {202}, f"an upload to {repository}")
        place = urljoin(started.url, started.headers["location"])
        place += ("&" if urlsplit(place).query else "?") + f"digest={digest}"
        content.seek(0)
        headers = {"content-type": "application/octet-stream"}
        done = self._call("PUT", place, repository, write=True, data=content, headers=headers)
        self._expect(done, {201}, f"blob {digest} for {repository}")

    def write_manifest(self, repository: str, manifest: Manifest, *, tag: str | None = None) -> None:
        """Put a manifest, by its digest or under a tag. Raises UserError."""
        path = f"{repository}/manifests/{tag or manifest.digest}"
        headers = {"content-type": manifest.media_type}
        answer = self._call("PUT", path, repository, write=True, data=manifest.content, headers=headers)
        self._expect(answer, {201}, f"manifest {tag or manifest.digest} for {repository}")
        told = answer.headers.get("docker-content-digest", manifest.digest)
        if told != manifest.digest:
            raise UserError(f"{self.host} stored {manifest.digest} as {told}; do not use it")

    def _manifest(self, repository: str, reference: str) -> Manifest:
        headers = {"accept": ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))}
        answer = self._call("GET", f"{repository}/manifests/{reference}", repository, headers=headers)
        self._expect(answer, {200}, f"{repository} {reference}")
        if len(answer.content) > LARGEST_MANIFEST:
            raise UserError(f"{repository} {reference} is no manifest: it has {len(answer.content)} bytes")
        return Manifest(reference, answer.headers.get("content-type", "").partition(";")[0], answer.content)

    def _there(self, path: str, repository: str) -> bool:
        answer = self._call("HEAD", path, repository, headers={"accept": ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))})
        self._expect(answer, {200, 404}, path)
        return answer.status_code == requests.codes.ok

    def _call(
        self,
        method: str,
        path: str,
        repository: str,
        *,
        write: bool = False,
        stream: bool = False,
        data: IO[bytes] | bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """One call; a registry that wants a token is called again with one."""
        url = path if path.startswith(("http://", "https://")) else f"{self._url}/{path}"
        scope = f"repository:{repository}:{'pull,push' if write else 'pull'}"
        for attempt in (1, 2):
            if data is not None and not isinstance(data, bytes):
                data.seek(0)
            try:
                answer = self._session.request(
                    method,
                    url,
                    headers={**(headers or {}), **self._authorization(scope, url)},
                    data=data,
                    stream=stream,
                    timeout=SECONDS,
                    auth=self._login if self._basic and self._ours(url) else None,
                )
            except requests.RequestException as error:
                raise UserError(f"{self.host} cannot be reached ({error}); check the network, and try again") from error
            if answer.status_code != requests.codes.unauthorized or attempt == 2:
                return answer
            self._log_in(answer.headers.get("www-authenticate", ""), scope)
            answer.close()
        raise AssertionError  # the second attempt returns

    def _ours(self, url: str) -> bool:
        return urlsplit(url).netloc == urlsplit(self._url).netloc

    def _authorization(self, scope: str, url: str) -> dict[str, str]:
        token = self._tokens.get(scope)
        return {"authorization": f"Bearer {token}"} if token and self._ours(url) else {}

    def _log_in(self, challenge: str, scope: str) -> None:
        """Get what the registry asks for: a token for the scope, or the login with every call."""
        kind, _, rest = challenge.partition(" ")
        if kind.lower() == "basic" and self._login:
            self._basic = True
            return
        if kind.lower() != "bearer":
            raise UserError(f"{self.host} wants a login; run this with credentials that may use it")
        asked = dict(_PARAMETER.findall(rest))
        realm = asked.get("realm", "")
        if not realm.startswith("https://") and not self._url.startswith("http://"):
            raise UserError(f"{self.host} sends its callers to {realm or 'nowhere'} for a token; that is not safe")
        parameters = {"service": asked.get("service", ""), "scope": scope}
        try:
            answer = requests.get(realm, params=parameters, auth=self._login, timeout=SECONDS)
        except requests.RequestException as error:
            raise UserError(f"the token service of {self.host} cannot be reached ({error}); try again") from error
        self._expect(answer, {200}, "a token")
        document = answer.json()
        self._tokens[scope] = document.get("token") or document["access_token"]

    def _expect(self, answer: requests.Response, statuses: set[int], what: str) -> None:
        if answer.status_code in statuses:
            return
        reason = {401: "it refuses the login", 403: "you may not", 404: "it is not there", 429: "too many calls; wait"}
        said = reason.get(answer.status_code, answer.text[:200] if answer.request.method != "HEAD" else "")
        raise UserError(f"{self.host} answers {answer.status_code} for {what}: {said}")


def _pieces(answer: requests.Response) -> Iterator[bytes]:
    """The body as it was stored: `content-encoding` is no part of a blob, and registries set none."""
    yield from answer.iter_content(PIECE)
