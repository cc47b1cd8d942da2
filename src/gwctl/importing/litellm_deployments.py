"""What is known of a LiteLLM deployment, and the providers that deployments share. Pure; see `litellm_targets`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

MAX_NUMBER: Final = 10**15
"""More than any limit, weight or time that somebody means, and few enough digits to reckon with."""


@dataclass
class Deployment:
    """One deployment. `key_source` says where LiteLLM took the key from: a variable, or the file itself."""

    path: str
    name: str
    provider: dict[str, Any]
    model: str
    key_source: str
    price: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    priced_as: str | None = None
    max_output_tokens: int | None = None
    share: Decimal | None = None
    order: int | None = None
    timeout: Decimal | None = None
    retries: int | None = None
    team: str | None = None

    def target(self) -> dict[str, Any]:
        """The target of a route, without its weight."""
        found: dict[str, Any] = {"provider": self.provider["id"], "model": self.model}
        if self.priced_as and not self.price:
            found["priced_as"] = self.priced_as
        if self.max_output_tokens:
            found["max_output_tokens"] = self.max_output_tokens
        return found


class Providers:
    """The providers that deployments need: each set of facts and keys becomes one. Its id is made of what it is."""

    def __init__(self) -> None:
        self._ids: dict[tuple[Any, ...], str] = {}
        self.documents: dict[str, dict[str, Any]] = {}
        self.key_sources: dict[str, str] = {}

    def get(self, wanted: str, facts: Mapping[str, Any], key: Any, key_source: str) -> dict[str, Any]:
        """The provider with these facts and this key; made when there is none yet."""
        identity = (*sorted(facts.items()), str(key))
        if identity not in self._ids:
            slug = re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-")[:50] or "provider"
            number = 1
            while (name := slug if number == 1 else f"{slug}-{number}") in self.documents:
                number += 1
            self._ids[identity] = name
            self.documents[name] = {"id": name, **facts}
            self.key_sources[name] = key_source
        return self.documents[self._ids[identity]]


def number(value: Any) -> Decimal | None:
    """A number from 0 to MAX_NUMBER, exactly as it was written; None: it is something else."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 <= found <= MAX_NUMBER else None


def positive(value: Any) -> int | None:
    """A whole number from 1 on."""
    found = number(value)
    return int(found) if found is not None and found >= 1 else None


def count(value: Any) -> int | None:
    """A whole number from 0 on."""
    found = number(value)
    return None if found is None else int(found)
