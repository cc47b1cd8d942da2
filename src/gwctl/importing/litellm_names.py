"""Names of models that no route can have → names that one can. In: a configuration. Out: the same, with other names.

What falls back to a model, or may use it, keeps finding it: its name is replaced wherever it stands.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gwctl.importing.findings import Findings
from gwctl.importing.litellm_routes import ALIAS


def with_usable_names(config: Mapping[str, Any], teams: Sequence[Any], findings: Findings) -> tuple[Any, Any]:
    """The configuration and the list of teams. A name whose usable form another model has stays as it is."""
    listed = config.get("model_list")
    entries = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    names = [str(entry.get("model_name")) for entry in entries]
    usable: dict[str, str] = {}
    for index, name in enumerate(names):
        new = re.sub(r"[^A-Za-z0-9._:/@+-]+", "-", name).strip("-._:/@+")
        if name in usable or "*" in name or ALIAS.match(name) or not ALIAS.match(new):
            continue
        if new not in (*names, *usable.values()):
            usable[name] = new
            findings.add(
                f"model_list.{index}.model_name", f"{name!r} is no name that a route can have; it is {new!r} here"
            )
    return _renamed(config, usable), _renamed(teams, usable)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    match value:
        case str():
            return names.get(value, value)
        case Mapping():
            return {
                names.get(str(key), key): part if key in ("litellm_params", "model_info") else _renamed(part, names)
                for key, part in value.items()
            }
        case list() | tuple():
            return [_renamed(part, names) for part in value]
        case _:
            return value
