"""Lines of the usage log: as Envoy writes them, and flat, by the names that `UsageLine` gives them."""

from collections.abc import Mapping
from typing import Any, Final

_DECISION: Final = ("gw", "decision")
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    **{name: (name,) for name in ("v", "id", "started", "duration_ms", "first_byte_ms", "status", "flags", "details")},
    **{name: (name,) for name in ("request_bytes", "response_bytes", "client", "upstream", "usage", "tries")},
    **{name: (*_DECISION, name) for name in ("api", "policy", "skipped", "team", "variant", "request", "lane")},
    **{name: (*_DECISION, "request", name) for name in ("model", "stream")},
    **{name: ("gw", name) for name in ("refusal", "rules")},
    **{name: ("served", name) for name in ("provider", "option", "attempts")},
}
_NOTES: Final = ("receipt", "shadow", "quota")


def written(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A line with these values as Envoy would write it; one without a place stays where it is."""
    line: dict[str, Any] = {}
    for name, value in sorted(fields.items(), key=lambda item: len(_PLACES.get(item[0], ()))):
        *path, last = _PLACES.get(name, (name,))
        inside = line
        for each in path:
            inside[each] = inside.get(each) or {}
            inside = inside[each]
        inside[last] = value
    if fields.get("quota"):
        line["quota"] = {f"x-gw-{name}": value for name, value in fields["quota"].items()}
    return line


def read(line: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a line that Envoy wrote; None for those that it has not."""
    values = {name: _at(line, path) for name, path in _PLACES.items()}
    values["quota"] = {name: (line["quota"] or {}).get(f"x-gw-{name}") for name in _NOTES}
    assert line.keys() == {path[0] for path in _PLACES.values()} | {"quota"}
    return values


def _at(line: Any, path: tuple[str, ...]) -> Any:
    for each in path:
        line = (line or {}).get(each)
    return line
