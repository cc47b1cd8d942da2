"""What the agent answers the edge about a reservation. Pure. In: a reservation or a refusal. Out: bytes of HTTP/1.1.

Granted is 200 with the receipt in `x-gw-receipt` and, if a shadow quota would have refused, its id in `x-gw-shadow`.
Refused is 429 with a body in the shape of the request's API, also when the quota could not be checked: of a 503 Envoy
would drop the body, so it is the edge that makes one of it. The edge takes `x-gw-*` for its usage log and keeps them
from the client; the rest is for the client.
"""

import json
import math
from datetime import UTC, datetime
from typing import Final, Literal

from gwctl.edge.errors import REFUSALS
from gwctl.ledger.quotas.reservation import Refusal, Reservation

Shape = Literal["openai", "anthropic"]

MAX_RECEIPT: Final = 1024
"""A longer receipt is left out; then the request's windows are found by its scopes and its time, as for `alert`."""

UNAVAILABLE: Final = "quota_unavailable"
UNAVAILABLE_RETRY_SECONDS: Final = 2

_PERIODS: Final = {"minute": "a minute", "day": "a day", "month": "a month", "total": "in total"}
_UNITS: Final = {"tokens": "tokens", "requests": "requests"}
NANO: Final = 10**9


def granted(reservation: Reservation) -> bytes:
    """The answer that lets a request go on."""
    receipt = reservation.receipt
    if len(receipt) > MAX_RECEIPT:
        receipt = ""
    shadow = f"\r\nx-gw-shadow: {reservation.shadow}" if reservation.shadow else ""
    return f"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-gw-receipt: {receipt}{shadow}\r\n\r\n".encode()


def refused(refusal: Refusal, shape: Shape, now: float, cap: int | None = None) -> bytes:
    """The answer that refuses a request. `now` is seconds since the epoch, `cap` as for `sentence`."""
    code = code_of(refusal)
    headers = {"x-gw-quota": refusal.quota}
    if code != UNAVAILABLE:
        headers |= _rate_limit(refusal, now)
    lead = " " if code == UNAVAILABLE else ""
    return _answer(code, shape, lead + sentence(refusal, cap), headers, refusal.retry_after)


def unavailable(shape: Shape, why: str) -> bytes:
    """The answer when no quota can be checked at all."""
    return _answer(UNAVAILABLE, shape, f" {why}", {}, UNAVAILABLE_RETRY_SECONDS)


def code_of(refusal: Refusal) -> str:
    """What the refusal is called: by the minute it is a rate limit, over a longer time a quota."""
    if refusal.reason == "unavailable":
        return UNAVAILABLE
    return "rate_limit_exceeded" if refusal.period == "minute" else "insufficient_quota"


def sentence(refusal: Refusal, cap: int | None = None) -> str:
    """Which limit stands in the way, why, and when it starts anew.

    `cap` is the largest limit on the answer's tokens with which the request would fit; None: there is none.
    """
    limit = amount(refusal.limit, refusal.unit)
    what = f"The quota {refusal.quota} allows {refusal.scope} {limit} {_PERIODS[refusal.period]}"
    if refusal.resets_at is None:
        resets = ""
    else:
        resets = f" It starts anew at {datetime.fromtimestamp(math.ceil(refusal.resets_at), UTC):%Y-%m-%dT%H:%M:%SZ}."
    fits = f" With an answer of at most {cap:,} tokens (max_tokens) it would fit." if cap else ""
    left = "nothing of it is left" if not refusal.left else f"{amount(refusal.left, refusal.unit)} of it is left"
    why = {
        "exhausted": f"and {left}, too little for this request.{fits}{resets}",
        "reserved": "and the rest of it is reserved by requests that are being served. Try again in a moment.",
        "too_large": f"and this request alone could use more.{fits or ' Send less.'}",
        "unavailable": "and what is left of it cannot be told at this moment.",
    }[refusal.reason]
    return f"{what}, {why}"


def amount(value: int, unit: str) -> str:
    """An amount in words: dollars without trailing zeros beyond the cents, tokens, requests."""
    if unit != "nano_usd":
        return f"{value:,} {_UNITS[unit]}"
    dollars, nano = divmod(value, NANO)
    cents = f"{nano:09d}".rstrip("0").ljust(2, "0")
    return f"${dollars:,}.{cents}"


def _rate_limit(refusal: Refusal, now: float) -> dict[str, str]:
    """OpenAI's headers, where they have a name for the unit (platform.openai.com/docs/guides/rate-limits)."""
    if refusal.unit == "nano_usd":
        return {}
    headers = {
        f"x-ratelimit-limit-{refusal.unit}": str(refusal.limit),
        f"x-ratelimit-remaining-{refusal.unit}": "0",
    }
    if refusal.resets_at is not None:
        headers[f"x-ratelimit-reset-{refusal.unit}"] = f"{max(0, math.ceil(refusal.resets_at - now))}s"
    return headers


def _answer(code: str, shape: Shape, detail: str, headers: dict[str, str], retry_after: int | None) -> bytes:
    known = REFUSALS[code]
    message = known.message.replace("{}", detail)
    body = json.dumps(known.anthropic(message) if shape == "anthropic" else known.openai(message)).encode()
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    lines = [f"{name}: {value}" for name, value in {**headers, "x-gw-refusal": code}.items()]
    head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n" + "\r\n".join(lines)
    return b"HTTP/1.1 429 Too Many Requests\r\n%b\r\n\r\n%b" % (head.encode(), body)
