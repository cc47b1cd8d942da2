"""What a plan would change. In: `terraform show -json`. Out: changes by module, without a value that could be a secret.

Such a document holds every secret in plain text. What is kept are addresses, actions, reasons and names of attributes;
of values only numbers and booleans that Terraform does not mark as sensitive.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

ADD: Final = "add"
CHANGE: Final = "change"
REPLACE: Final = "replace"
DESTROY: Final = "destroy"
FORGET: Final = "forget"
SYMBOLS: Final = {ADD: "+", CHANGE: "~", REPLACE: "±", DESTROY: "-", FORGET: "."}
ROOT: Final = "(root)"
HOLDS_DATA: Final = frozenset(
    {
        "aws_cognito_user_pool",
        "aws_cognito_user_pool_client",
        "aws_dynamodb_table",
        "aws_ecr_repository",
        "aws_kms_key",
        "aws_s3_bucket",
        "aws_secretsmanager_secret",
    }
)
"""Resource types that take data with them when they go."""
PROTECTIONS: Final = ("deletion_protection_enabled", "enable_deletion_protection", "deletion_protection")
_ACTIONS: Final = {
    ("create",): ADD,
    ("update",): CHANGE,
    ("delete",): DESTROY,
    ("delete", "create"): REPLACE,
    ("create", "delete"): REPLACE,
    ("forget",): FORGET,
    ("forget", "create"): REPLACE,
}
_REASONS: Final = {
    "delete_because_no_resource_config": "it is not in the configuration any more",
    "delete_because_no_module": "its module is not in the configuration any more",
    "delete_because_wrong_repetition": "it is counted or repeated in another way",
    "delete_because_count_index": "there are fewer of them",
    "delete_because_each_key": "its key is not in the configuration any more",
    "delete_because_no_move_target": "what it was moved to is not in the configuration",
    "replace_because_tainted": "it was left half-made by an apply that failed",
    "replace_because_cannot_update": "cannot be changed in place",
    "replace_by_request": "it was asked for",
    "replace_by_triggers": "something that it is tied to changes",
}
_MODULE: Final = re.compile(r"^(?:module\.[^.\[]+(?:\[[^\]]*\])?\.?)*")


@dataclass(frozen=True)
class Change:
    """What happens to one resource. `attributes` says what changes, with values where they can be shown."""

    address: str
    type: str
    action: str
    reason: str = ""
    attributes: tuple[str, ...] = ()
    holds_data: bool = False
    protected: bool = False

    @property
    def module(self) -> str:
        """The address of the module that it is in."""
        match = _MODULE.match(self.address)
        return match.group().rstrip(".") if match and match.group() else ROOT

    @property
    def short(self) -> str:
        """Its address inside the module."""
        return self.address.removeprefix(f"{self.module}.")


@dataclass(frozen=True)
class Plan:
    """A plan, reduced to what may be shown to anybody."""

    environment: str
    account_id: str
    terraform: str
    changes: tuple[Change, ...]
    outputs: tuple[str, ...]
    """Names of outputs that change."""

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each action, in the order of SYMBOLS."""
        counted = Counter(change.action for change in self.changes)
        return {action: counted[action] for action in SYMBOLS if counted[action]}

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing at all."""
        return not self.changes and not self.outputs

    def by_module(self) -> dict[str, list[Change]]:
        """Changes by module, both in alphabetical order, the root first."""
        modules: dict[str, list[Change]] = {}
        for change in sorted(self.changes, key=lambda each: (each.module != ROOT, each.module, each.address)):
            modules.setdefault(change.module, []).append(change)
        return modules

    def losing_data(self) -> list[Change]:
        """What goes and takes data with it."""
        return [each for each in self.changes if each.holds_data and each.action in (DESTROY, REPLACE)]

    def protected(self) -> list[Change]:
        """What AWS will refuse to delete."""
        return [each for each in self.changes if each.protected and each.action in (DESTROY, REPLACE)]

    def as_json(self) -> dict[str, Any]:
        """For `--json`. Stable: names are only ever added."""
        return {
            "environment": self.environment,
            "account_id": self.account_id,
            "counts": {action: self.counts.get(action, 0) for action in SYMBOLS},
            "changes": [
                {
                    **{name: value for name, value in asdict(each).items() if name not in ("holds_data", "protected")},
                    "module": each.module,
                    "loses_data": each.holds_data and each.action in (DESTROY, REPLACE),
                }
                for each in self.changes
            ],
            "outputs": list(self.outputs),
        }


def read_plan(document: Mapping[str, Any]) -> Plan:
    """The plan in what `terraform show -json` printed."""
    variables = document.get("variables", {})
    changes = [
        change
        for each in document.get("resource_changes", [])
        if each.get("mode") == "managed" and (change := _change(each)) is not None
    ]
    outputs = [
        name for name, each in document.get("output_changes", {}).items() if each.get("actions") not in (["no-op"], [])
    ]
    return Plan(
        environment=str(variables.get("environment", {}).get("value", "")),
        account_id=str(variables.get("account_id", {}).get("value", "")),
        terraform=str(document.get("terraform_version", "")),
        changes=tuple(sorted(changes, key=lambda each: each.address)),
        outputs=tuple(sorted(outputs)),
    )


def _change(raw: Mapping[str, Any]) -> Change | None:
    change = raw["change"]
    action = _ACTIONS.get(tuple(change["actions"]))
    if action is None:
        return None
    before, after = change.get("before") or {}, change.get("after") or {}
    return Change(
        address=raw["address"],
        type=raw["type"],
        action=action,
        reason=_reason(raw, change),
        attributes=tuple(_attributes(change)) if action in (CHANGE, REPLACE) else (),
        holds_data=raw["type"] in HOLDS_DATA,
        protected=any(before.get(name) in (True, "ACTIVE") and after.get(name) != "INACTIVE" for name in PROTECTIONS),
    )


def _reason(raw: Mapping[str, Any], change: Mapping[str, Any]) -> str:
    known: str = raw.get("action_reason") or ""
    reason = _REASONS.get(known, known.replace("_", " "))
    if known == "replace_because_cannot_update":
        paths = dict.fromkeys(_dotted(path) for path in change.get("replace_paths", []))
        return f"{', '.join(paths) or 'something'} {reason}"
    return reason


def _attributes(change: Mapping[str, Any]) -> Iterator[str]:
    """Names of the attributes at the top that differ, with numbers and booleans that are not sensitive.

    Of a replacement, what AWS decides anew is left out: that is every id.
    """
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    replaced = len(change["actions"]) > 1
    for name in sorted({*before, *after, *unknown}):
        undecided = _has_true(unknown.get(name))
        if (
            (name == "tags_all" and before.get("tags") != after.get("tags"))
            or (undecided and replaced)
            or (before.get(name) == after.get(name) and not undecided)
        ):
            continue
        hidden = _is_sensitive(change, "before_sensitive", name) or _is_sensitive(change, "after_sensitive", name)
        old, new = before.get(name), after.get(name)
        if hidden or undecided or not (_can_be_shown(old) and _can_be_shown(new)):
            yield name
        else:
            yield f"{name} {_shown(old)} → {_shown(new)}"


def _has_true(marks: Any) -> bool:
    """Whether any mark in a tree of them is set; the tree has the value's shape."""
    if isinstance(marks, dict):
        return any(_has_true(each) for each in marks.values())
    if isinstance(marks, list):
        return any(_has_true(each) for each in marks)
    return marks is True


def _is_sensitive(change: Mapping[str, Any], side: str, name: str) -> bool:
    marks = change.get(side)
    return _has_true(marks.get(name)) if isinstance(marks, dict) else marks is True


def _can_be_shown(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float)


def _shown(value: Any) -> str:
    return "none" if value is None else str(value).lower()


def _dotted(path: list[Any]) -> str:
    return ".".join(str(step) for step in path)
