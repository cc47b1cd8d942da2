"""Reads numbers and words out of the flat maps of a usage line, whatever a caller or a provider wrote there."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

MAX_COUNT: Final = 1_000_000_000
"""The largest count that is believed: a hundred times the largest context window of any model with a price."""

MAX_TEXT: Final = 256


class Values:
    """A map of the usage line. `malformed` becomes true once a count was there and could not be one."""

    def __init__(self, values: Mapping[str, JsonValue]) -> None:
        self._values = values
        self.malformed = False

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def count(self, key: str) -> int | None:
        """A count, or None. 12, 12.0 and "12" are 12; fractions are rounded up.

        -1 is Portkey's way of saying that the provider did not report a count; it is None and not malformed.
        """
        value = self._values.get(key)
        if value is None:
            return None
        if type(value) is int and 0 <= value <= MAX_COUNT:  # as Envoy writes it
            return value
        if value == -1 or value == "-1":
            return None
        number = _number(value)
        if number is None or not 0 <= number <= MAX_COUNT:
            self.malformed = True
            return None
        self.malformed |= number != int(number)
        return math.ceil(number)

    def text(self, key: str) -> str | None:
        """A word, or None; an empty one is None, a long one is shortened."""
        value = self._values.get(key)
        return value[:MAX_TEXT] if isinstance(value, str) and value else None

    def first_text(self, keys: Sequence[str]) -> str | None:
        """The first of these that is a word."""
        for key in keys:
            if text := self.text(key):
                return text
        return None


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
