"""IAM statements wherever a plan has them, in one form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from plan.kit.tfplan import UNKNOWN, Plan, Resource, parsed

_ATTRIBUTES: Final = ("policy", "assume_role_policy", "policy_document", "access_policy")


@dataclass(frozen=True)
class Statement:
    """One statement. `principals` is empty in an identity policy; `conditions` are (operator, key, values)."""

    where: str
    sid: str
    effect: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def denies(self, operator: str, key: str, value: str) -> bool:
        """Whether it denies everybody under this one condition."""
        return (
            self.effect == "Deny"
            and self.principals == ("*",)
            and self.conditions == ((operator, key, (value,)),)
            and len(self.actions) == 1
        )


def statements(plan: Plan) -> Iterator[Statement]:
    """All statements: of documents that are only read during apply too, as far as they are known."""
    for resource in plan.resources:
        if resource.is_data and resource.type == "aws_iam_policy_document":
            for each in resource.values.get("statement") or []:
                yield _of_block(resource.address, each)
        elif not resource.is_data:
            yield from statements_of(resource)


def statements_of(resource: Resource) -> Iterator[Statement]:
    """The statements of a resource's own policies, where they are known."""
    for name in _ATTRIBUTES:
        document = parsed(resource.values.get(name))
        if isinstance(document, dict) and "Statement" in document:
            for each in _list(document["Statement"]):
                yield _of_json(resource.address, each)


def _of_json(where: str, raw: Mapping[str, Any]) -> Statement:
    principal = raw.get("Principal", {})
    principals = ["*"] if principal == "*" else [each for value in principal.values() for each in _list(value)]
    conditions = tuple(
        (operator, key, tuple(map(str, _list(values))))
        for operator, keys in raw.get("Condition", {}).items()
        for key, values in keys.items()
    )
    return Statement(
        where,
        raw.get("Sid", ""),
        raw["Effect"],
        tuple(_list(raw.get("Action", []))),
        tuple(_list(raw.get("NotAction", []))),
        tuple(_list(raw.get("Resource", []))),
        tuple(principals),
        conditions,
    )


def _of_block(where: str, raw: Mapping[str, Any]) -> Statement:
    principals = [each for block in _blocks(raw, "principals") for each in _list(block.get("identifiers") or [UNKNOWN])]
    conditions = tuple(
        (
            block.get("test") or UNKNOWN,
            block.get("variable") or UNKNOWN,
            tuple(map(str, _list(block.get("values") or []))),
        )
        for block in _blocks(raw, "condition")
    )
    return Statement(
        where,
        raw.get("sid") or "",
        raw.get("effect") or "Allow",
        tuple(_list(raw.get("actions") or [])),
        tuple(_list(raw.get("not_actions") or [])),
        tuple(_list(raw.get("resources") or [])),
        tuple(principals),
        conditions,
    )


def _blocks(raw: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [each for each in _list(raw.get(name) or []) if isinstance(each, Mapping)]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
