"""Inventories: what a plan must contain, as YAML beside the tests.

    values:   address → attributes, a subset; JSON text is compared as what it stands for
    counts:   type → number (0: must not exist), also `modules` and `resources`
    outputs:  name → value, a subset

In: an inventory and a plan. Out: differences in words. `refreshed` writes the plan's values into an inventory.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from plan.kit.tfplan import UNKNOWN, Plan, parsed

DIRECTORY: Final = Path(__file__).parents[1] / "inventories"
UPDATE_VARIABLE: Final = "GWCTL_UPDATE_INVENTORIES"


def load(name: str) -> dict[str, Any]:
    """An inventory; empty if there is none yet."""
    path = DIRECTORY / name
    return (yaml.safe_load(path.read_text()) if path.exists() else None) or {}


def save(name: str, inventory: Mapping[str, Any]) -> None:
    """Writes it, sorted."""
    text = yaml.safe_dump(dict(inventory), sort_keys=True, allow_unicode=True, width=110, default_flow_style=False)
    (DIRECTORY / name).write_text(text)


def regenerate_command(test: str, name: str) -> str:
    """What to type when the difference is wanted."""
    return f"{UPDATE_VARIABLE}=1 .venv/bin/python -m pytest {test} -k {name}"


def differences(inventory: Mapping[str, Any], plan: Plan) -> list[str]:
    """Every difference, in the order of the inventory."""
    resources = {each.address: each.values for each in plan.resources if not each.is_data}
    found: list[str] = []
    for address, expected in (inventory.get("values") or {}).items():
        if address not in resources:
            found.append(f"{address}: not in the plan")
        else:
            found += _compare(address, expected, resources[address])
    counts = plan.counts()
    for kind, expected in (inventory.get("counts") or {}).items():
        if counts.get(kind, 0) != expected:
            found.append(f"{kind}: {counts.get(kind, 0)} in the plan, {expected} in the inventory")
    for name, expected in (inventory.get("outputs") or {}).items():
        found += _compare(f"output {name}", expected, plan.outputs.get(name))
    return found


def refreshed(inventory: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """The same attributes and outputs with the plan's values, all counts, without what the plan no longer has."""
    resources = {each.address: each.values for each in plan.resources if not each.is_data}
    absent = {kind for kind, number in (inventory.get("counts") or {}).items() if number == 0}
    values = {
        address: _project(expected, resources[address])
        for address, expected in (inventory.get("values") or {}).items()
        if address in resources
    }
    outputs = {name: plan.outputs.get(name) for name in inventory.get("outputs") or {} if name in plan.outputs}
    counts = dict.fromkeys(absent, 0) | plan.counts()
    return {key: value for key, value in (("values", values), ("counts", counts), ("outputs", outputs)) if value}


def _compare(where: str, expected: Any, actual: Any) -> Iterator[str]:
    if isinstance(expected, dict | list):
        actual = parsed(actual)
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key not in actual:
                yield f"{where}.{key}: not in the plan"
            else:
                yield from _compare(f"{where}.{key}", value, actual[key])
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from _compare(f"{where}[{index}]", one, other)
    elif expected != actual:
        yield f"{where}: {_short(actual)} in the plan, {_short(expected)} in the inventory"


def _project(expected: Any, actual: Any) -> Any:
    """`actual`, cut down to the keys that `expected` has."""
    if isinstance(expected, dict | list) or expected is None:
        actual = parsed(actual)
    if isinstance(expected, dict) and isinstance(actual, dict) and expected:
        return {key: _project(value, actual[key]) for key, value in expected.items() if key in actual}
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [_project(one, other) for one, other in zip(expected, actual, strict=True)]
    return _without_nothing(actual) if expected is None else actual


def _without_nothing(value: Any) -> Any:
    """A new entry: what is not set is left out."""
    if isinstance(value, dict):
        kept = {key: _without_nothing(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each is not None and each not in ([], {}, UNKNOWN)}
    return [_without_nothing(each) for each in value] if isinstance(value, list) else value


def _short(value: Any) -> str:
    text = value if value == UNKNOWN else repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
