"""What each environment of this repository would be built into, from its rendered `terraform.tfvars`."""

import os

import pytest

from plan.kit.inventory import UPDATE_VARIABLE, differences, load, refreshed, regenerate_command, save
from plan.kit.sessions import EnvironmentPlans
from plan.kit.terraform import ENVIRONMENTS
from plan.kit.tfplan import Plan
from plan.rules import ALL, Rule

FILE = "tests/plan/test_environments.py"
NAMES = sorted(path.parent.name for path in ENVIRONMENTS.glob("*/environment.yaml"))


@pytest.fixture(scope="module")
def plans(terraform_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> EnvironmentPlans:
    return EnvironmentPlans(tmp_path_factory.mktemp("environments"), terraform_env)


@pytest.fixture(params=NAMES, scope="module")
def name(request: pytest.FixtureRequest) -> str:
    """Each environment in turn."""
    return request.param


@pytest.fixture(scope="module")
def plan(name: str, plans: EnvironmentPlans) -> Plan:
    return plans.of(name)


def test_plan_is_what_the_inventory_says(name: str, plan: Plan) -> None:
    inventory = f"environment_{name}.yaml"
    if os.environ.get(UPDATE_VARIABLE) == "1":
        save(inventory, refreshed(load(inventory), plan))
    found = differences(load(inventory), plan)
    assert not found, "\n".join([*found, f"If this is wanted: {regenerate_command(FILE, name)}"])


def test_inventory_counts_everything(name: str, plan: Plan) -> None:
    inventory = f"environment_{name}.yaml"
    said = load(inventory).get("counts", {}).get("resources")
    assert said == plan.counts()["resources"], f"{inventory} does not count: {regenerate_command(FILE, name)}"


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)
def test_fact_holds(rule: Rule, plan: Plan) -> None:
    found = rule(plan)
    assert not found, "\n".join([rule.__doc__ or "", *found])
