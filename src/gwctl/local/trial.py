"""The first request of a gateway that has just started: one streamed chat completion. In: its URL. Out: a `Trial`."""

from collections.abc import Callable
from dataclasses import dataclass

from gwctl.local.chat import ask

PROMPT = "Hello from gwctl up --try"


@dataclass(frozen=True)
class Trial:
    """What came back. Times in seconds since the request was sent."""

    model: str
    text: str
    first_chunk_seconds: float
    seconds: float


def attempt(gateway_url: str, token: str, model: str, heard: Callable[[str], None]) -> Trial:
    """Send it; `heard` gets each piece of the text at once. Raises UserError when no stream comes back."""
    answer = ask(gateway_url, token, model, [{"role": "user", "content": PROMPT}], heard, "a first request")
    return Trial(model, answer.text, answer.first_chunk_seconds, answer.seconds)
