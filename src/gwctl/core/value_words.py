"""pydantic's refusals in our own words. In: the type of an error, its context, the value. Out: message and fix."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from gwctl.core.suggestions import did_you_mean

_NUMBER: Final = ("is no number", "write a number without quotes")
_WHOLE: Final = ("is no whole number", "write a whole number without quotes")
_LIST: Final = ("is no list", "write each entry on a line of its own after `- `")
_MAPPING: Final = ("is no mapping", "write `name: value` lines below it, indented")
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "bool_parsing": ("is neither true nor false", "write true or false"),
    "bool_type": ("is neither true nor false", "write true or false"),
    "decimal_max_digits": ("has more than {max_digits} digits", "write fewer"),
    "decimal_max_places": ("has more than {decimal_places} decimal places", "write fewer"),
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_whole_digits": ("has more than {whole_digits} digits before the point", "write fewer"),
    "dict_type": _MAPPING,
    "finite_number": ("is no finite number", "write a number"),
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "greater_than": ("must be greater than {gt}", "write a larger number"),
    "greater_than_equal": ("must be greater than or equal to {ge}", "write {ge} or more"),
    "int_from_float": ("is no whole number", "write a whole number"),
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "invalid_key": ("is no name of a field", "write it in quotes, or remove it"),
    "less_than": ("must be less than {lt}", "write a smaller number"),
    "less_than_equal": ("must be less than or equal to {le}", "write {le} or less"),
    "list_type": _LIST,
    "missing": ("is missing", "add it"),
    "model_attributes_type": _MAPPING,
    "model_type": _MAPPING,
    "string_too_long": ("has more than {max_length} characters", "shorten it"),
    "string_too_short": ("has fewer than {min_length} characters", "write more"),
    "string_type": ("is no text", "write it in quotes"),
    "too_long": ("has more than {max_length} entries", "write fewer"),
    "too_short": ("has fewer than {min_length} entries", "add one"),
    "tuple_type": _LIST,
}


def in_own_words(kind: str, context: Mapping[str, Any], value: object) -> tuple[str, str] | None:
    """What follows the value, and the fix; None for a kind of error that has no words yet."""
    if kind == "literal_error":
        allowed = str(context["expected"])
        return "is not allowed", did_you_mean(str(value), allowed.split("'")[1::2], f"write {allowed}")
    if kind in {"list_type", "tuple_type"} and isinstance(value, str | int | float | date):
        return _LIST[0], f"write [{value}]"
    words = _WORDS.get(kind)
    return words and (words[0].format(**context), words[1].format(**context))
