"""The admin API over HTTP. In: method, path, document. Out: parsed answers, or one sentence about what is wrong.

A request is sent again while the answer says "try again": every write of the API may be repeated. Numbers of answers
are exact (`Decimal` where they have a fraction).
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import requests

from gwctl.core.errors import UserError
from gwctl.core.http_client import reason_of, session_for
from gwctl.local.tokens import Credentials, get_token
from gwctl.policy.errors import Problem

TIMEOUT: Final = (5.0, 35.0)
"""Seconds to connect, and to wait for an answer; API Gateway gives up after 29."""

ATTEMPTS: Final = 4
PAGE: Final = 1000
ANY: Final = "*"


class ApiError(UserError):
    """An answer that is no good one: its status, its stable code, and the problems that it lists."""

    def __init__(self, status: int, code: str, message: str, problems: tuple[Problem, ...] = ()) -> None:
        lines = [message]
        if status == 422 and problems:
            lines += [f"  {problem}" for problem in problems]
        super().__init__("\n".join(lines))
        self.status = status
        self.code = code
        self.message = message
        self.problems = problems


@dataclass(frozen=True)
class Endpoint:
    """Where an admin API is and with whose credentials it is called. `tokens` is the directory of the token cache."""

    url: str
    credentials: Credentials = field(repr=False)
    tokens: Path
    name: str


@dataclass(frozen=True)
class Stored:
    """A document that the API keeps, the version for `If-Match`, and who wrote it when.

    `state` is what is known beside the document, if that was asked for: of a budget, what is spent of it.
    """

    document: dict[str, Any]
    version: int
    changed_by: str = ""
    changed_at: str = ""
    state: dict[str, Any] | None = None


@dataclass(frozen=True)
class Written:
    """What became of a change. `extra` has what else the answer says, such as a new client's credentials."""

    changed: bool
    difference: list[str]
    version: int | None
    document: dict[str, Any] | None
    extra: dict[str, Any] = field(default_factory=dict, repr=False)


class AdminClient:
    """Calls one admin API. Every method raises UserError; `ApiError` when it was the API that said no."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._session = session_for(endpoint.url)

    def get(self, path: str) -> Stored:
        """One document."""
        return _stored(self.call("GET", path))

    def listed(self, path: str, *, attempts: int = ATTEMPTS, **query: Any) -> Iterator[Stored]:
        """All documents of a path, page by page, in the order of their ids."""
        for page in self.pages(path, attempts, **query):
            yield from (_stored(item) for item in page["items"])

    def pages(self, path: str, attempts: int = ATTEMPTS, /, **query: Any) -> Iterator[dict[str, Any]]:
        """The pages of a path until there is no next one."""
        after: str | None = None
        while True:
            more = {"next": after} if after else {}
            page = self.call("GET", path, query={"limit": PAGE, **query, **more}, attempts=attempts)
            yield page
            after = page.get("next")
            if not after:
                return

    def delete(self, path: str, version: int | None = None, *, dry_run: bool = False) -> Written:
        """Deletes a document of that version, or whatever is there."""
        condition = {"If-Match": ANY if version is None else f'"{version}"'}
        return _written(self.call("DELETE", path, headers=condition, query=_dry(dry_run)))

    def put(self, path: str, body: Mapping[str, Any], version: int | None, *, dry_run: bool = False) -> Written:
        """Replaces a document of that version; None: makes one, if there is none yet."""
        condition = {"If-None-Match": ANY} if version is None else {"If-Match": f'"{version}"'}
        return _written(self.call("PUT", path, body=body, headers=condition, query=_dry(dry_run)))

    def find(self, path: str) -> Stored | None:
        """One document; None: there is none."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, dry_run: bool = False) -> Written:
        """Makes something that the API names; never sent twice."""
        try:
            return _written(self.call("POST", path, body=body, query=_dry(dry_run), attempts=1))
        except ApiError:
            raise
        except UserError as error:
            if "refused" in str(error):
                raise
            raise UserError(f"{error}; it may have been made all the same: look before you try again") from None

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        attempts: int = ATTEMPTS,
    ) -> dict[str, Any]:
        """One request and its parsed answer."""
        data = None if body is None else json.dumps(body, default=str).encode()
        sent = {"Content-Type": "application/json"} if data is not None else {}
        renewed = False
        attempt = 1
        while True:
            answer = self._send(method, path, data, query, {**sent, **(headers or {})}, last=attempt >= attempts)
            if answer is not None:
                if answer.status_code == 401 and not renewed:
                    renewed = True
                    self._forget_token()  # of a gateway that was since set up anew
                    continue
                if answer.status_code != 503 or attempt >= attempts:
                    return self._read(answer)
            time.sleep(0.3 * 2 ** (attempt - 1))
            attempt += 1

    def _send(
        self,
        method: str,
        path: str,
        data: bytes | None,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        *,
        last: bool,
    ) -> requests.Response | None:
        """The answer; None when the connection broke and there is another attempt."""
        token = get_token(self.endpoint.credentials, self.endpoint.tokens)
        try:
            return self._session.request(
                method,
                self.endpoint.url + path,
                data=data,
                params=query,
                headers={**headers, "Authorization": f"Bearer {token}", "Accept": "application/json"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            if last or (isinstance(error, requests.ConnectionError) and _is_refused(error)):
                where = f"the admin API of {self.endpoint.name} at {self.endpoint.url}"
                raise UserError(f"{where} does not answer ({reason_of(error)}); is it running?") from None
            return None

    def _read(self, answer: requests.Response) -> dict[str, Any]:
        content: Any = None
        with suppress(ValueError):
            content = json.loads(answer.text, parse_float=Decimal)
        if answer.ok and isinstance(content, dict):
            return content
        error = content.get("error") if isinstance(content, dict) else None
        if not isinstance(error, dict):
            said = content.get("message") if isinstance(content, dict) else None
            what = said or f"not the JSON of an admin API: {answer.text[:80]!r}"
            raise ApiError(answer.status_code, "", f"{self.endpoint.url} answered {answer.status_code}, {what}")
        problems = tuple(
            Problem(*(str(each.get(name) or "") for name in ("document", "field", "message", "fix")))
            for each in error.get("details") or ()
        )
        raise ApiError(answer.status_code, str(error.get("code")), str(error.get("message")), problems)

    def _forget_token(self) -> None:
        with suppress(OSError):
            (self.endpoint.tokens / self.endpoint.credentials.cache_name).unlink()


def _dry(dry_run: bool) -> dict[str, str] | None:
    return {"dry_run": "true"} if dry_run else None


def _stored(content: Mapping[str, Any]) -> Stored:
    return Stored(
        dict(content["document"]),
        int(content["version"]),
        str(content.get("changed_by") or ""),
        str(content.get("changed_at") or ""),
        content.get("state"),
    )


def _written(content: Mapping[str, Any]) -> Written:
    known = ("changed", "difference", "version", "document")
    return Written(
        bool(content["changed"]),
        list(content["difference"]),
        content["version"],
        content["document"],
        {name: value for name, value in content.items() if name not in known},
    )


def _is_refused(error: requests.ConnectionError) -> bool:
    """Whether nobody listens there: waiting would not help."""
    return "refused" in str(error) or "Name or service not known" in str(error)
