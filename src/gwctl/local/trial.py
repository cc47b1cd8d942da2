"""One streamed chat completion through a running gateway. In: its URL and a model. Out: the text as it arrives."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from requests import RequestException

from gwctl.core.errors import UserError
from gwctl.core.http_client import reason_of, session_for

PROMPT = "Hello from gwctl up --try"
SECONDS = 30.0


@dataclass(frozen=True)
class Trial:
    """What came back. Times in seconds since the request was sent."""

    model: str
    text: str
    first_chunk_seconds: float
    seconds: float


def attempt(gateway_url: str, token: str, model: str, heard: Callable[[str], None]) -> Trial:
    """Send it; `heard` gets each piece of the text at once. Raises UserError when no stream comes back."""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": PROMPT}]}
    headers = {"Authorization": f"Bearer {token}"}
    pieces: list[str] = []
    first = 0.0
    sent = time.monotonic()
    url = f"{gateway_url}/v1/chat/completions"
    try:
        with (
            session_for(url) as session,
            session.post(
                url, json=body, headers=headers, stream=True, timeout=SECONDS, allow_redirects=False
            ) as answer,
        ):
            if answer.status_code != HTTPStatus.OK:
                refusal = _message(answer.content)
                raise UserError(f"a first request was refused with status {answer.status_code}: {refusal}")
            for line in answer.iter_lines():
                piece = _text_of(line)
                if piece:
                    first = first or time.monotonic() - sent
                    pieces.append(piece)
                    heard(piece)
    except RequestException as error:
        raise UserError(f"a first request failed ({reason_of(error)}); see `gwctl logs`") from error
    if not pieces:
        raise UserError("a first request was answered without any text; see `gwctl logs`")
    return Trial(model, "".join(pieces), round(first, 3), round(time.monotonic() - sent, 3))


def _text_of(line: bytes) -> str:
    """The text in one line of server-sent events of a chat completion."""
    data = line.removeprefix(b"data: ").strip()
    with suppress(ValueError, LookupError, TypeError):
        return json.loads(data)["choices"][0]["delta"]["content"] or ""
    return ""


def _message(body: bytes) -> str:
    with suppress(ValueError, LookupError, TypeError):
        return str(json.loads(body)["error"]["message"])
    return body[:200].decode(errors="replace")
