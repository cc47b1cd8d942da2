"""What Terraform refuses is told in its words, here without Terragrunt."""

import pytest

from emulated.checkout import Checkout

pytestmark = pytest.mark.timeout(400)


def test_a_wrong_value_that_terraform_refuses_is_told_in_its_words(plain_checkout: Checkout):
    plain_checkout.edit("nat: single", "nat: single\n  endpoint_clients: [0.0.0.0/0]")
    done = plain_checkout.gwctl("plan", "local")
    assert done.returncode == 1
    assert "terraform plan failed" in done.stderr
    assert "endpoint_clients must hold IPv4 ranges" in done.stderr
    assert "All that Terraform said is in .gwctl/environments/local/terraform.log." in done.stderr
