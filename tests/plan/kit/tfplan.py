"""A Terraform plan, reduced to what the tests look at. In: the JSON of `terraform show`. Out: `Plan`."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

UNKNOWN: Final = "(known after apply)"


@dataclass(frozen=True)
class Resource:
    """A resource, or a data source that is read: its planned values, `UNKNOWN` where AWS decides."""

    address: str
    type: str
    values: Mapping[str, Any]
    is_data: bool = False

    @property
    def module(self) -> str:
        """Address of the module that it is in, "" for the root."""
        return self.address.rpartition(f"{'data.' if self.is_data else ''}{self.type}.")[0].rstrip(".")

    def get(self, name: str) -> Any:
        """A value; JSON text is parsed."""
        value = self.values.get(name)
        return parsed(value)

    def block(self, name: str) -> Mapping[str, Any]:
        """The one nested block of this name, {} if there is none."""
        value = self.values.get(name)
        return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {}


@dataclass(frozen=True)
class Plan:
    """All resources and outputs of a plan."""

    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Plan":
        """Reads `terraform show -json`."""
        changed = [
            Resource(each["address"], each["type"], _merged(each["change"]), each["mode"] == "data")
            for each in raw.get("resource_changes", [])
        ]
        read = [
            Resource(each["address"], each["type"], each["values"], is_data=True)
            for each in _walk(raw.get("prior_state", {}).get("values", {}).get("root_module", {}))
            if each["mode"] == "data"
        ]
        outputs = {name: _merged(change) for name, change in raw.get("output_changes", {}).items()}
        return cls(tuple(changed + read), outputs)

    def inside(self, module: str) -> "Plan":
        """The part below a module, with addresses as that module sees them."""
        prefix = f"{module}."
        resources = tuple(
            Resource(each.address.removeprefix(prefix), each.type, each.values, each.is_data)
            for each in self.resources
            if each.address.startswith(prefix)
        )
        return Plan(resources, self.outputs.get(module.removeprefix("module."), {}))

    def of(self, *types: str) -> list[Resource]:
        """Managed resources of these types."""
        return [each for each in self.resources if each.type in types and not each.is_data]

    def documents(self) -> list[Resource]:
        """The `aws_iam_policy_document` data sources, also those that are read during apply."""
        return [each for each in self.resources if each.is_data and each.type == "aws_iam_policy_document"]

    def counts(self) -> dict[str, int]:
        """How many resources of each type, and `resources` and `modules` in all."""
        managed = [each for each in self.resources if not each.is_data]
        modules = {prefix for each in managed for prefix in _ancestors(each.module)}
        return {**Counter(each.type for each in managed), "modules": len(modules), "resources": len(managed)}


def parsed(value: Any) -> Any:
    """JSON text as what it stands for, everything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _merged(change: Mapping[str, Any]) -> Any:
    return _mark(change.get("after"), change.get("after_unknown", False))


def _mark(value: Any, unknown: Any) -> Any:
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, dict):
        known = value if isinstance(value, dict) else {}
        return {key: _mark(known.get(key), unknown.get(key, False)) for key in {**known, **unknown}}
    if isinstance(unknown, list):
        items = value if isinstance(value, list) else []
        length = max(len(items), len(unknown))
        pairs = (
            (items[i] if i < len(items) else None, unknown[i] if i < len(unknown) else False) for i in range(length)
        )
        return [_mark(*pair) for pair in pairs]
    return value


def _walk(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _walk(child)


def _ancestors(module: str) -> Iterator[str]:
    for match in re.finditer(r"module\.[^.\[]+(\[[^\]]*\])?", module):
        yield module[: match.end()]
