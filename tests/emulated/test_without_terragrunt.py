"""The same environment without Terragrunt: said so, and planned alike."""

import json
from typing import Any

import pytest

from emulated.checkout import Checkout

pytestmark = pytest.mark.timeout(400)


def test_it_says_that_terraform_runs_by_itself_and_plans_the_same(checkout: Checkout, plain_checkout: Checkout):
    done = plain_checkout.gwctl("plan", "local", "--json")
    assert done.returncode == 0, done.stderr
    assert "There is no Terragrunt here: Terraform runs by itself" in done.stderr
    assert planned(json.loads(done.stdout)) == planned(checkout.json("plan", "local"))


def planned(plan: Any) -> dict[str, str]:
    return {each["address"]: each["action"] for each in plan["changes"]}


def test_a_wrong_value_that_terraform_refuses_is_told_in_its_words(plain_checkout: Checkout):
    plain_checkout.edit("nat: single", "nat: single\n  endpoint_clients: [0.0.0.0/0]")
    done = plain_checkout.gwctl("plan", "local")
    assert done.returncode == 1
    assert "terraform plan failed" in done.stderr
    assert "endpoint_clients must hold IPv4 ranges" in done.stderr
    assert "All that Terraform said is in .gwctl/environments/local/terraform.log." in done.stderr
