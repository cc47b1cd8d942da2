"""Every README example plans to what it says of itself and to its inventory."""

import os

from plan.kit.examples import Example, update_directive
from plan.kit.inventory import UPDATE_VARIABLE, differences, load, refreshed, regenerate_command, save
from plan.kit.tfplan import Plan

FILE = "tests/plan/test_examples.py"


def test_plan_is_what_the_inventory_says(example: Example, plan: Plan) -> None:
    if os.environ.get(UPDATE_VARIABLE) == "1":
        save(example.inventory, refreshed(load(example.inventory), plan))
    found = differences(load(example.inventory), plan)
    assert not found, "\n".join([*found, f"If this is wanted: {regenerate_command(FILE, example.name)}"])


def test_readme_counts_its_resources_right(example: Example, plan: Plan) -> None:
    counts = plan.counts()
    if os.environ.get(UPDATE_VARIABLE) == "1":
        update_directive(example, counts["modules"], counts["resources"])
        return
    said = {"modules": example.modules, "resources": example.resources}
    planned = {key: counts[key] for key in said}
    hint = regenerate_command(FILE, example.name)
    assert planned == said, f"{example.readme}: the plan has {planned}. If this is wanted: {hint}"


def test_inventory_counts_everything(example: Example, plan: Plan) -> None:
    assert load(example.inventory).get("counts", {}).get("resources") == plan.counts()["resources"], (
        f"{example.inventory} does not count: {regenerate_command(FILE, example.name)}"
    )
