"""What an answer of the gateway must look like, whoever it was that refused.

Wire formats: OpenAI API reference, "Errors": `{"error": {"message", "type", "param", "code"}}`. Anthropic API
reference, "Errors": `{"type": "error", "error": {"type", "message"}}`, with a type for each status.
"""

import re
from typing import Any, Final, Literal

import httpx

Shape = Literal["openai", "anthropic"]

_ANTHROPIC_TYPES: Final = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_HIDDEN_PREFIXES: Final = ("x-portkey-", "x-gw-", "x-envoy-", "x-amzn-oidc-")
_HIDDEN: Final = frozenset({"server", "via", "set-cookie", "x-powered-by"})
_INNARDS: Final = re.compile(
    r"Traceback|node_modules|\.(?:js|lua|py|cc):\d+|/home/|/tmp/|\bat \S+ \(|127\.0\.0\.1|portkey|envoy|\[string ",
    re.IGNORECASE,
)
"""What only the inside of the gateway would say."""


def assert_nothing_leaks(answer: httpx.Response) -> None:
    """No header and, in an error, no word that tells what the gateway is made of."""
    leaked = [name for name in answer.headers if name in _HIDDEN or name.startswith(_HIDDEN_PREFIXES)]
    assert not leaked, f"the answer has the headers {leaked}"
    if answer.status_code >= 400:
        found = _INNARDS.search(answer.text)
        assert not found, f"the answer says {found[0]!r}: {answer.text}"


def assert_refused(
    answer: httpx.Response | None, status: int, shape: Shape = "openai", code: str | None = None
) -> None:
    """The answer is an error with this status, in this shape, and says nothing of the inside.

    `code` is that of OpenAI's shape, which Anthropic's does not have; None accepts any.
    """
    assert answer is not None, "the gateway closed the connection without an answer"
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    error = _anthropic_error(answer) if shape == "anthropic" else _openai_error(answer, code)
    assert 8 <= len(error["message"]) <= 600, error
    assert error["message"].isprintable(), error
    assert not re.search(r'(?<!")\{\}', error["message"]), f"a gap was not filled: {error}"
    assert_nothing_leaks(answer)


def _openai_error(answer: httpx.Response, code: str | None) -> dict[str, Any]:
    document = answer.json()
    assert document.keys() == {"error"}, document
    error = document["error"]
    assert error.keys() == {"message", "type", "param", "code"}, error
    assert re.fullmatch(r"[a-z_]+", error["type"]), error
    assert code is None or error["code"] == code, error
    return error


def _anthropic_error(answer: httpx.Response) -> dict[str, Any]:
    document = answer.json()
    assert document.keys() == {"type", "error"}, document
    assert document["type"] == "error"
    error = document["error"]
    assert error.keys() == {"type", "message"}, error
    other = "invalid_request_error" if answer.status_code < 500 else "api_error"
    assert error["type"] == _ANTHROPIC_TYPES.get(answer.status_code, other), error
    return error
