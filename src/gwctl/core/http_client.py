"""Synchronous HTTP calls. In: the URL of a server. Out: a session of `requests` for it, and words for what failed.

And what any of the gateway's APIs streams or says of an error, read with an open mind.

`requests` is imported when it is needed: `gwctl --help` must not wait for it.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from requests import RequestException, Session

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def session_for(url: str) -> "Session":
    """A new session; use it as a context manager, so that its connections end."""
    import requests

    session = requests.Session()
    # A proxy of the environment knows nothing of this machine's own ports.
    session.trust_env = urlsplit(url).hostname not in LOOPBACK
    return session


def reason_of(error: "RequestException") -> str:
    """Why there is no answer, in a few words for a person."""
    import requests

    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    return "connection refused" if "refused" in str(error) else "no connection"


def event_in(line: bytes) -> Mapping[str, Any]:
    """The JSON object in one line of server-sent events; an empty one where there is none."""
    with suppress(ValueError):
        event = json.loads(line.removeprefix(b"data: "))
        return event if isinstance(event, dict) else {}
    return {}


def error_message_in(body: bytes) -> str:
    """What an error says, in the shape of OpenAI's and Anthropic's APIs; else the start of the body."""
    with suppress(ValueError, LookupError, TypeError):
        return str(json.loads(body)["error"]["message"])
    return body[:200].decode(errors="replace")
