"""One streamed chat completion through a running gateway. In: its URL, messages. Out: text as it comes, and sums."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from requests import RequestException

from gwctl.core.errors import UserError
from gwctl.core.http_client import error_message_in, event_in, reason_of, session_for

SECONDS = 30.0
"""Without a byte; a whole answer may take longer."""


@dataclass(frozen=True)
class Answer:
    """What came back. Times in seconds since the request was sent; `usage` as the API has it, where it came."""

    text: str
    first_chunk_seconds: float
    seconds: float
    request_id: str
    usage: Mapping[str, Any] = field(default_factory=dict[str, Any])


def ask(
    gateway_url: str,
    credential: str,
    model: str,
    messages: Sequence[Mapping[str, str]],
    heard: Callable[[str], None],
    what: str = "the request",
) -> Answer:
    """Sends the messages; `heard` gets each piece of the text at once. Raises UserError when no stream comes back.

    `credential` is a token or a virtual key; `what` names the request in errors.
    """
    body = {"model": model, "stream": True, "stream_options": {"include_usage": True}, "messages": list(messages)}
    pieces: list[str] = []
    usage: Mapping[str, Any] = {}
    first = 0.0
    sent = time.monotonic()
    url = f"{gateway_url}/v1/chat/completions"
    try:
        with (
            session_for(url) as session,
            session.post(
                url,
                json=body,
                headers={"Authorization": f"Bearer {credential}"},
                stream=True,
                timeout=SECONDS,
                allow_redirects=False,
            ) as answer,
        ):
            if answer.status_code != HTTPStatus.OK:
                raise UserError(
                    f"{what} was refused with status {answer.status_code}: {error_message_in(answer.content)}"
                )
            for line in answer.iter_lines():
                event = event_in(line)
                usage = event.get("usage") or usage
                piece = _text_of(event)
                if piece:
                    first = first or time.monotonic() - sent
                    pieces.append(piece)
                    heard(piece)
    except RequestException as error:
        raise UserError(f"{what} failed ({reason_of(error)}); see `gwctl logs`") from error
    if not pieces:
        raise UserError(f"{what} was answered without any text; see `gwctl logs`")
    seconds = round(time.monotonic() - sent, 3)
    return Answer("".join(pieces), round(first, 3), seconds, answer.headers.get("x-request-id", ""), usage)


def _text_of(event: Mapping[str, Any]) -> str:
    with suppress(LookupError, TypeError):
        return event["choices"][0]["delta"]["content"] or ""
    return ""
