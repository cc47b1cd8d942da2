"""What is told of a plan: actions and reasons by module, and never a value that could be a secret."""

from typing import Any

import click
import pytest

from gwctl.cli.environments.plan_view import lines_of
from gwctl.environments.terraform.plan import Plan, read_plan


def change(address: str, actions: list[str], **more: Any) -> dict[str, Any]:
    kind = address.split("[")[0].split(".")[-2]
    raw = {name: more.pop(name) for name in ("action_reason",) if name in more}
    return {"address": address, "mode": "managed", "type": kind, "change": {"actions": actions, **more}, **raw}


def plan_of(*changes: dict[str, Any], **more: Any) -> Plan:
    variables = {"environment": {"value": "dev"}, "account_id": {"value": "123456789012"}}
    return read_plan({"variables": variables, "resource_changes": list(changes), "terraform_version": "1.11.4", **more})


def only(**more: Any) -> Any:
    (found,) = plan_of(change("module.compute.aws_ecs_service.gateway", ["update"], **more)).changes
    return found


def test_what_stays_and_what_is_only_read_is_left_out():
    read = {**change("data.aws_region.now", ["read"]), "mode": "data"}
    assert plan_of(change("aws_vpc.this", ["no-op"]), read).is_empty


def test_a_change_of_outputs_alone_is_a_change():
    assert not plan_of(output_changes={"url": {"actions": ["update"]}, "same": {"actions": ["no-op"]}}).is_empty


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create"], "add"),
        (["update"], "change"),
        (["delete"], "destroy"),
        (["delete", "create"], "replace"),
        (["create", "delete"], "replace"),
        (["forget"], "forget"),
    ],
)
def test_actions(actions: list[str], action: str):
    assert plan_of(change("aws_vpc.this", actions)).counts == {action: 1}


def test_numbers_and_booleans_are_shown_with_their_values():
    found = only(before={"cpu": 1, "on": False, "new": None}, after={"cpu": 2, "on": True, "new": 5})
    assert found.attributes == ("cpu 1 → 2", "new none → 5", "on false → true")


def test_text_is_named_and_not_shown():
    assert only(before={"key": "hunter2"}, after={"key": "hunter3"}).attributes == ("key",)


def test_a_sensitive_number_is_not_shown():
    found = only(before={"pin": 1234}, after={"pin": 4321}, after_sensitive={"pin": True})
    assert found.attributes == ("pin",)


def test_a_resource_that_is_sensitive_as_a_whole_shows_nothing():
    assert only(before={"pin": 1234}, after={"pin": 4321}, before_sensitive=True).attributes == ("pin",)


def test_nothing_of_a_secret_is_in_what_is_printed_or_given_as_json():
    plan = plan_of(
        change(
            "aws_x.y",
            ["update"],
            before={"a": "hunter2", "b": {"c": "hunter2"}, "n": 77777},
            after={"a": "hunter3", "b": {"c": "hunter3"}, "n": 88888},
            after_sensitive={"n": True},
        )
    )
    told = str(plan.as_json()) + "\n".join(lines_of(plan))
    assert "hunter" not in told
    assert "88888" not in told


def test_what_aws_decides_is_named_in_a_change_and_left_out_of_a_replacement():
    marks = {"arn": True, "list": [{}], "block": [{"id": True}]}
    values = {"before": {"arn": "a", "list": [{}], "block": [{"id": "1"}]}, "after": {"list": [{}], "block": [{}]}}
    assert only(**values, after_unknown=marks).attributes == ("arn", "block")
    replaced = plan_of(change("aws_x.y", ["delete", "create"], **values, after_unknown=marks)).changes[0]
    assert replaced.attributes == ()


@pytest.mark.parametrize(
    ("known", "paths", "reason"),
    [
        ("replace_because_cannot_update", [["cidr_block"]], "cidr_block cannot be changed in place"),
        ("replace_because_cannot_update", [["a", 0, "b"], ["c"]], "a.0.b, c cannot be changed in place"),
        ("replace_because_tainted", [], "it was left half-made by an apply that failed"),
        ("delete_because_each_key", [], "its key is not in the configuration any more"),
        ("replace_by_something_new", [], "replace by something new"),
    ],
)
def test_the_reason_is_told(known: str, paths: list[Any], reason: str):
    found = plan_of(change("aws_x.y", ["delete", "create"], action_reason=known, replace_paths=paths)).changes[0]
    assert found.reason == reason


@pytest.mark.parametrize(
    ("address", "module", "short"),
    [
        ("aws_vpc.this", "(root)", "aws_vpc.this"),
        ("module.a.aws_vpc.this", "module.a", "aws_vpc.this"),
        ('module.a["x.y"].module.b[0].aws_vpc.this["k.l"]', 'module.a["x.y"].module.b[0]', 'aws_vpc.this["k.l"]'),
    ],
)
def test_the_module_of_an_address(address: str, module: str, short: str):
    (found,) = plan_of({**change("aws_vpc.this", ["create"]), "address": address}).changes
    assert (found.module, found.short) == (module, short)


def test_what_takes_data_with_it_is_told():
    plan = plan_of(
        change("aws_dynamodb_table.usage", ["delete"]),
        change("aws_s3_bucket.audit", ["delete", "create"]),
        change("aws_kms_key.new", ["create"]),
        change("aws_iam_role.task", ["delete"]),
    )
    assert [each.address for each in plan.losing_data()] == ["aws_dynamodb_table.usage", "aws_s3_bucket.audit"]


@pytest.mark.parametrize(
    ("before", "protected"),
    [
        ({"deletion_protection_enabled": True}, True),
        ({"deletion_protection": "ACTIVE"}, True),
        ({"deletion_protection": "INACTIVE"}, False),
        ({"enable_deletion_protection": False}, False),
    ],
)
def test_what_aws_will_not_delete_is_known_before_anything_goes(before: dict[str, Any], protected: bool):
    plan = plan_of(change("aws_lb.this", ["delete"], before=before, after=None))
    assert bool(plan.protected()) is protected


MANY = [change(f'module.net.aws_subnet.private["{zone}"]', ["create"]) for zone in "abcde"]
SOME = [
    change("aws_resourcegroups_group.all", ["create"]),
    *MANY,
    change("module.net.aws_route.out", ["create"]),
    change(
        "module.compute.aws_appautoscaling_target.gateway",
        ["update"],
        before={"max_capacity": 3},
        after={"max_capacity": 5},
    ),
    change(
        "module.compute.aws_ecs_task_definition.gateway",
        ["delete", "create"],
        action_reason="replace_because_cannot_update",
        replace_paths=[["container_definitions"]],
        before={"container_definitions": "[]", "a_rather_long_attribute_name": "x", "another_long_attribute_name": "y"},
        after={
            "container_definitions": "[{}]",
            "a_rather_long_attribute_name": "z",
            "another_long_attribute_name": "w",
        },
    ),
    change("module.ledger.aws_dynamodb_table.old", ["delete"], action_reason="delete_because_no_resource_config"),
]

WIDE = """
(root)  1 to add
  + aws_resourcegroups_group.all

module.compute  1 to change, 1 to replace
  ~ aws_appautoscaling_target.gateway
      max_capacity 3 → 5
  ± aws_ecs_task_definition.gateway
      replaced because container_definitions cannot be changed in place
      a_rather_long_attribute_name, another_long_attribute_name, container_definitions

module.ledger  1 to destroy
  - aws_dynamodb_table.old
      because it is not in the configuration any more

module.net  6 to add
  + aws_route, aws_subnet (5)

Outputs that change: url

Data is lost with:
  module.ledger.aws_dynamodb_table.old

In all: 7 to add, 1 to change, 1 to replace, 1 to destroy."""

NARROW = WIDE.replace(
    "      replaced because container_definitions cannot be changed in place",
    "      replaced because container_definitions cannot be\n      changed in place",
).replace(
    "      a_rather_long_attribute_name, another_long_attribute_name, container_definitions",
    "      a_rather_long_attribute_name,\n      another_long_attribute_name, container_definitions",
)


@pytest.mark.parametrize(("columns", "picture"), [("120", WIDE), ("60", NARROW)])
def test_how_a_plan_looks(monkeypatch: pytest.MonkeyPatch, columns: str, picture: str):
    monkeypatch.setenv("COLUMNS", columns)
    plan = plan_of(*SOME, output_changes={"url": {"actions": ["create"]}})
    assert click.unstyle("\n".join(lines_of(plan))) == picture


def test_an_empty_plan_is_one_line():
    assert list(lines_of(plan_of())) == ["Nothing changes."]


def test_the_plan_as_json_has_what_a_program_needs():
    document = plan_of(change("module.a.aws_s3_bucket.x", ["delete"])).as_json()
    assert document["environment"] == "dev"
    assert document["counts"] == {"add": 0, "change": 0, "replace": 0, "destroy": 1, "forget": 0}
    assert document["changes"] == [
        {
            "address": "module.a.aws_s3_bucket.x",
            "type": "aws_s3_bucket",
            "action": "destroy",
            "reason": "",
            "attributes": (),
            "module": "module.a",
            "loses_data": True,
        }
    ]
