"""What one request to the emulated AWS is about. In: a WSGI environment. Out: a `Call`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

Environ = dict[str, Any]

_CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
_READS: Final = ("Get", "Query", "Scan", "BatchGet", "TransactGet", "Describe", "List")


@dataclass(frozen=True)
class Call:
    """`service` and `action` are those of the header X-Amz-Target, empty words without one."""

    method: str
    path: str
    query: str
    service: str
    action: str
    authorization: str
    body: bytes

    @classmethod
    def of(cls, environ: Environ, body: bytes) -> "Call":
        """`environ` without its body, and the body."""
        service, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        return cls(
            method=environ["REQUEST_METHOD"],
            path=environ.get("PATH_INFO", ""),
            query=environ.get("QUERY_STRING", ""),
            service=service.partition("_")[0],
            action=action,
            authorization=environ.get("HTTP_AUTHORIZATION", ""),
            body=body,
        )

    @cached_property
    def request(self) -> Mapping[str, Any]:
        """The body of a request in JSON."""
        return json.loads(self.body)

    @property
    def region(self) -> str:
        """The region that it was signed for."""
        signed = _CREDENTIAL.search(self.authorization)
        return signed[1] if signed else "us-east-1"

    @property
    def reads(self) -> bool:
        """Whether its action leaves everything as it is."""
        return self.action.startswith(_READS)

    @property
    def object(self) -> tuple[str, str] | None:
        """Bucket and key, if it writes or deletes one object of S3 and does nothing else."""
        signed = _CREDENTIAL.search(self.authorization)
        if signed is None or signed[2] != "s3" or self.method not in {"PUT", "DELETE"}:
            return None
        if self.query:  # tags, access lists, parts of an upload, one of several versions
            return None
        bucket, _, key = self.path.encode("latin-1").decode().lstrip("/").partition("/")
        return (bucket, key) if bucket and key else None

    def signed_with(self, access_key: str) -> bool:
        """Whether it names this access key. Signatures are not looked at."""
        return f"Credential={access_key}/" in self.authorization

    def __str__(self) -> str:
        """For a log: no body, no credentials."""
        what = f"{self.service}.{self.action}" if self.service else f"{self.path}?{self.query}"
        return f"{self.method} {what}"
