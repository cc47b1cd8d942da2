"""Raw mappings → documents. Every pydantic error becomes a Problem that names document, field and fix."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, cast

from pydantic import ValidationError

from gwctl.core.errors import InvalidError
from gwctl.core.suggestions import did_you_mean
from gwctl.core.value_words import in_own_words
from gwctl.policy.documents import (
    Budget,
    Client,
    Document,
    Documents,
    PriceOverride,
    Provider,
    Route,
    ScannerRule,
    Team,
)
from gwctl.policy.errors import PolicyError, Problem
from gwctl.policy.keys import Key

SECTIONS: Final[dict[str, type[Document]]] = {
    "providers": Provider,
    "routes": Route,
    "teams": Team,
    "clients": Client,
    "keys": Key,
    "budgets": Budget,
    "scanner": ScannerRule,
    "pricing": PriceOverride,
}


def validate_documents(sections: Mapping[str, object], source: str = "policy") -> Documents:
    """Checks every document on its own; references between documents are checked by compile.

    `sections` maps a section's name to a list of mappings. `source` names the file in the problems. Raises
    PolicyError with all problems of all documents.
    """
    problems: list[Problem] = []
    built: dict[str, list[Document]] = {}
    for section, raw in sections.items():
        model = SECTIONS.get(section)
        if model is None:
            problems.append(Problem(source, section, "unknown section", _suggest(section, SECTIONS)))
        elif not isinstance(raw, list):
            problems.append(Problem(source, section, "must be a list of documents", "start each entry with '- '"))
        else:
            entries = cast("list[object]", raw)
            documents, found = _validate_section(section, model, entries)
            built[section] = documents
            problems.extend(found)
    if problems:
        raise PolicyError(problems)
    return Documents.model_validate(built)


def _validate_section(
    section: str, model: type[Document], entries: list[object]
) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        label = f"{section}/{label_of(entry, index)}"
        try:
            documents.append(model.model_validate(entry))
        except ValidationError as error:
            problems.extend(problems_of(error, label, model))
    return documents, problems


def label_of(entry: object, index: int) -> str:
    """The document's own id where it has one that is fit to print, else its place in the list."""
    if isinstance(entry, Mapping):
        fields = cast("Mapping[str, object]", entry)
        name = fields.get("id")
        if isinstance(name, str) and name.isprintable() and 0 < len(name) <= 128:
            return name
        if isinstance(fields.get("provider"), str) and isinstance(fields.get("model"), str):
            return f"{fields['provider']}/{fields['model']}"
    return f"#{index + 1}"


def problems_of(error: ValidationError, document: str, model: type[Document]) -> Iterable[Problem]:
    """The problems in a pydantic error about one document."""
    items = [_Item(each) for each in error.errors(include_url=False)]
    for item in items:
        others = [
            other for other in items if other is not item and other.location[: len(item.location)] == item.location
        ]
        if item.kind == "too_short" and others:
            continue  # pydantic counts only the entries that are valid, and says of those that are not as well
        if item.is_the_word_of_a_union and others:
            continue  # a list of names or the word *: what is wrong with the list says enough
        yield Problem(document, ".".join(item.location), *item.words(model))


class _Item:
    """One error of pydantic's. What it says of the branches of a union is no part of its location."""

    def __init__(self, raw: Any) -> None:
        self.kind: str = raw["type"]
        self.value: object = raw["input"]
        self.context: Mapping[str, Any] = raw.get("ctx", {})
        self.text = str(raw["msg"])
        self.is_the_word_of_a_union = "literal['*']" in raw["loc"]
        self.location = [str(part) for part in raw["loc"] if not str(part).startswith(("tuple[", "literal["))]

    def words(self, model: type[Document]) -> tuple[str, str]:
        """Message and fix."""
        shown = _shown(self.value)
        if self.kind == "extra_forbidden":
            known = _fields_at(model, self.location[:-1])
            return "unknown field", _suggest(self.location[-1], known) if known else "remove it"
        if self.kind == "value_error":
            error = self.context["error"]
            if not isinstance(error, InvalidError):
                return str(error), "correct the value"
            whole = isinstance(self.value, Mapping | Document)  # such a check names the values that it is about
            return (str(error) if whole else f"{shown} {error}"), error.fix
        if self.kind == "string_pattern_mismatch":
            pattern = self.context["pattern"]
            return f"{shown} has characters or a length that are not allowed", f"use what matches {pattern}"
        words = in_own_words(self.kind, self.context, self.value)
        if words is None:
            return f"{shown}: {self.text[:1].lower()}{self.text[1:]}", "correct the value"
        return (words[0] if self.kind == "missing" else f"{shown} {words[0]}"), words[1]


def _shown(value: object) -> str:
    match value:
        case Decimal() | float():
            text = f"{Decimal(str(value)):f}"
        case date():
            text = repr(str(value))
        case _:
            text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _fields_at(model: type[Document], path: list[str]) -> list[str]:
    """The fields of the (possibly nested) document at a location; list indices are skipped over."""
    current: object = model
    for part in path:
        if part.isdigit():
            continue
        field = getattr(current, "model_fields", {}).get(part)
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
        current = next((c for c in candidates if isinstance(c, type) and issubclass(c, Document)), None)
    return list(getattr(current, "model_fields", {}))


def _suggest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    return did_you_mean(name, names, f"known are {', '.join(names)}")
