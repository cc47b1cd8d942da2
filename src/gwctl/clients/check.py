"""One request as a client would send it. In: the gateway's URL, a `Check`, a credential. Out: one line on what came.

The request is streamed, as all of these clients do, and asks for a word only.
"""

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from gwctl.clients.model import Check
from gwctl.core.errors import UserError
from gwctl.core.http_client import error_message_in, event_in, reason_of, session_for
from gwctl.core.names import API_PATHS

if TYPE_CHECKING:
    from requests import Response

SECONDS: Final = 60.0
"""Without a byte."""
PROMPT: Final = "Reply with the word OK."
SHOWN_CHARACTERS: Final = 40
_MESSAGES: Final = [{"role": "user", "content": PROMPT}]
_BODIES: Final[dict[str, dict[str, Any]]] = {
    "chat": {"stream_options": {"include_usage": True}, "messages": _MESSAGES},
    "responses": {"input": PROMPT},
    "messages": {"max_tokens": 64, "messages": _MESSAGES},
}


def send(gateway_url: str, check: Check, credential: str) -> str:
    """Send it, and say in one line what came back. Raises UserError when that is no answer."""
    from requests import RequestException

    path = API_PATHS[check.api]
    what = f"POST {path} with {' and '.join(check.headers)} for {check.model}"
    started = time.monotonic()
    try:
        with (
            session_for(gateway_url) as session,
            session.post(
                f"{gateway_url}{path}",
                json={"model": check.model, "stream": True, **_BODIES[check.api]},
                headers=_headers(check, credential),
                stream=True,
                timeout=SECONDS,
                allow_redirects=False,
            ) as answer,
        ):
            text, tokens = _read(answer, what)
    except RequestException as error:
        raise UserError(f"{what}: {reason_of(error)}; does the gateway run? `gwctl status` tells") from error
    seconds = round(time.monotonic() - started, 2)
    shown = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
    return f"{what}: 200 in {seconds:g} s, {tokens}, {json.dumps(shown, ensure_ascii=False)}"


def _headers(check: Check, credential: str) -> dict[str, str]:
    carried = {name: f"Bearer {credential}" if name == "authorization" else credential for name in check.headers}
    return carried | ({"anthropic-version": "2023-06-01"} if check.api == "messages" else {})


def _read(answer: "Response", what: str) -> tuple[str, str]:
    """The whole text, and the tokens in words. Raises UserError for an error, also one within the stream."""
    if answer.status_code != HTTPStatus.OK:
        raise UserError(f"{what}: {answer.status_code}, {error_message_in(answer.content)}")
    events = [event for line in answer.iter_lines() if (event := event_in(line))]
    for event in events:
        if event.get("error") or event.get("type") in ("error", "response.failed"):
            raise UserError(f"{what}: 200, and then an error: {error_message_in(json.dumps(event).encode())}")
    text = "".join(map(_text_of, events))
    if not text:
        raise UserError(f"{what}: 200, without any text; `gwctl logs` may say why")
    return text, _tokens(events)


def _text_of(event: Mapping[str, Any]) -> str:
    """The piece of text in an event of any of the three APIs."""
    with suppress(LookupError, TypeError):
        if "choices" in event:
            return event["choices"][0]["delta"]["content"] or ""
        if event["type"] == "response.output_text.delta":
            return event["delta"]
        if event["type"] == "content_block_delta":
            return event["delta"]["text"]
    return ""


def _tokens(events: Iterable[Mapping[str, Any]]) -> str:
    usage: dict[str, Any] = {}
    for event in events:
        for part in (event, event.get("response") or {}, event.get("message") or {}):
            usage |= part.get("usage") or {}
    taken = usage.get("prompt_tokens", usage.get("input_tokens", "?"))
    made = usage.get("completion_tokens", usage.get("output_tokens", "?"))
    return f"{taken} tokens in, {made} out"
