"""Bodies as JSON: in, each thing said once and nothing that JSON does not know; out, exact numbers.

In: events, and answers as models. Out: parsed bodies, and text.
"""

import base64
import json
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from gwctl.admin.api.access import Event
from gwctl.admin.service import errors
from gwctl.admin.service.errors import AdminError
from gwctl.policy.errors import Problem

MAX_BODY_BYTES: Final = 256 * 1024
"""A document has to fit into one item of DynamoDB, which holds 400 KB."""


def dumps(value: Any) -> str:
    """JSON. A decimal number is a number, or a string where a number would lose digits."""
    return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


def loads(text: str) -> Any:
    """JSON without repeated keys, NaN and infinities. Raises ValueError, or RecursionError for absurd nesting."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_exact)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated!r} stands twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _exact(text: str) -> float | Decimal:
    number = float(text)
    return number if Decimal(repr(number)) == Decimal(text) else Decimal(text)


def body_of(event: Event, max_bytes: int = MAX_BODY_BYTES) -> Any:
    """The parsed body. Raises AdminError: too large, not JSON, not a mapping."""
    kind = header(event, "content-type").partition(";")[0].strip().lower()
    if kind != "application/json":
        message = f"the body must be application/json, not {kind or 'without a Content-Type'!r}"
        raise AdminError(415, "unsupported_media_type", message)
    raw = event.get("body") or ""
    try:
        data = base64.b64decode(raw, validate=True) if event.get("isBase64Encoded") else raw.encode()
        if len(data) > max_bytes:
            message = f"the body has {len(data)} bytes; {max_bytes} is the limit"
            raise AdminError(413, "too_large", message)
        content = loads(data.decode())
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) and not isinstance(error, UnicodeError) else "not UTF-8"
        raise errors.bad_request(f"the body is not JSON: {reason}") from error
    if not isinstance(content, dict):
        raise errors.invalid([Problem("", "", "the body is not a mapping", "send one document, as {…}")], "no document")
    return content


def header(event: Event, name: str) -> str:
    """A header of the request; empty when it was not sent."""
    for key, value in (event.get("headers") or {}).items():
        if key.lower() == name:
            return str(value)
    return ""
