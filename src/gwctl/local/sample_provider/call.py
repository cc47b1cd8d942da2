"""One request as the sample provider sees it: JSON body in, validated fields and the words of the answer out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gwctl.local.sample_provider.models import Fault, fault_of
from gwctl.local.sample_provider.tokens import pieces

CREATED = 1_700_000_000
"""Every answer's time of creation, Unix seconds: equal requests have equal answers."""

ECHO_CHARACTERS = 60


class BadRequestError(ValueError):
    """The request is invalid; `param` is the field."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class Call:
    """A request body and what every API reads from it in the same way."""

    def __init__(self, raw: bytes) -> None:
        """Parse. Raises BadRequestError unless `raw` is a JSON object with a model."""
        try:
            self.body: dict[str, Any] = json.loads(raw, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise BadRequestError("the body is not valid JSON") from None
        if not isinstance(self.body, dict):
            raise BadRequestError("the body must be a JSON object")
        self.id = hashlib.sha256(raw).hexdigest()[:24]
        self.model: str = self.body.get("model") or ""
        if not isinstance(self.model, str) or not self.model:
            raise BadRequestError("model: a model name is required", "model")
        self.fault = fault_of(self.model)
        self.reports_usage = self.fault is not Fault.NO_USAGE

    def objects(self, field: str) -> list[dict[str, Any]]:
        """A required, not empty list of objects. Raises BadRequestError."""
        value = self.body.get(field)
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            raise BadRequestError(f"{field}: a list of objects is required", field)
        return value

    def positive(self, field: str) -> int | None:
        """An optional number of at least 1. Raises BadRequestError."""
        value = self.body.get(field)
        if value is not None and (type(value) is not int or value < 1):
            raise BadRequestError(f"{field}: must be a positive integer", field)
        return value

    def option(self, field: str, key: str) -> Any:
        """`body[field][key]`, None where there is no such thing."""
        value = self.body.get(field)
        return value.get(key) if isinstance(value, Mapping) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity, which Python's parser would take


@dataclass(frozen=True)
class Output:
    """The answer's tokens: `reasoning` hidden ones, then `visible` pieces of text. `capped` if it was cut short."""

    reasoning: int
    visible: tuple[str, ...]
    capped: bool

    @property
    def tokens(self) -> int:
        """All of them, as providers bill them."""
        return self.reasoning + len(self.visible)

    @property
    def text(self) -> str:
        """What a reader sees."""
        return "".join(self.visible)


def compose(messages: list[dict[str, Any]], cap: int | None, reasoning: int = 0) -> Output:
    """The answer to these messages, of at most `cap` tokens, reasoning included."""
    said = " ".join(_last_user_text(messages).split())
    echo = said if len(said) <= ECHO_CHARACTERS else said[:ECHO_CHARACTERS].rstrip() + "…"
    visible = pieces(f"This is the sample provider, not a model. Your last message was: {echo or '(no text)'}")
    limit = reasoning + len(visible) if cap is None else cap
    hidden = min(reasoning, limit)
    return Output(hidden, tuple(visible[: limit - hidden]), capped=limit < reasoning + len(visible))


def _last_user_text(messages: list[dict[str, Any]]) -> str:
    for message in reversed(messages):
        if message.get("role") != "user":
            continue
        content = message.get("content")
        if isinstance(content, str):
            return content
        parts = content if isinstance(content, list) else []
        texts = [part.get("text") for part in parts if isinstance(part, dict)]
        if found := [text for text in texts if isinstance(text, str)]:
            return found[-1]
    return ""
