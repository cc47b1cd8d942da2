"""What Terraform refuses is told in its words, here without Terragrunt."""

import pytest

from emulated.checkout import Checkout

pytestmark = pytest.mark.timeout(400)


def test_a_wrong_value_that_terraform_refuses_is_told_in_its_words(plain_checkout: Checkout):
    plain_checkout.edit("/gwctl-local", "/gwctl-local\n  internal: true\n  ingress_cidrs: [0.0.0.0/0]")
    done = plain_checkout.gwctl("plan", "local")
    assert done.returncode == 1
    assert "terraform plan failed" in done.stderr
    assert "list your private networks in alb.ingress_cidrs" in done.stderr
    assert "All that Terraform said is in .gwctl/environments/local/terraform.log." in done.stderr
