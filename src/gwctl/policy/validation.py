"""Raw mappings → documents. Every pydantic error becomes a Problem that names document, field and fix."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from pydantic import ValidationError

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

SECTIONS: Final[dict[str, type[Document]]] = {
    "providers": Provider,
    "routes": Route,
    "teams": Team,
    "clients": Client,
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
        label = f"{section}/{_label(entry, index)}"
        try:
            documents.append(model.model_validate(entry))
        except ValidationError as error:
            problems.extend(problems_of(error, label, model))
    return documents, problems


def _label(entry: object, index: int) -> str:
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
    items = error.errors(include_url=False)
    for item in items:
        if item["type"] == "too_short" and any(
            item["loc"] == other["loc"][: len(item["loc"])] for other in items if other is not item
        ):
            continue  # pydantic counts only the entries that are valid, and says of those that are not as well
        location = [str(part) for part in item["loc"]]
        yield Problem(document, ".".join(location), _message(item), _fix(item, location, model))


def _message(item: Any) -> str:
    match item["type"]:
        case "extra_forbidden":
            return "unknown field"
        case "missing":
            return "is missing"
        case "value_error":
            return str(item["ctx"]["error"])
        case "string_pattern_mismatch":
            return f"{_shown(item['input'])} has characters or a length that are not allowed"
        case _:
            text = str(item["msg"])
            return f"{_shown(item['input'])}: {text[:1].lower()}{text[1:]}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _fix(item: Any, location: list[str], model: type[Document]) -> str:
    match item["type"]:
        case "extra_forbidden":
            known = _fields_at(model, location[:-1])
            return _suggest(location[-1], known) if known else "remove it"
        case "missing":
            return "add it"
        case "string_pattern_mismatch":
            return f"use what matches {item['ctx']['pattern']}"
        case _:
            return "correct the value"


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
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(names)}"
