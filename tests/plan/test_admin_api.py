"""The admin API as AWS takes it."""

import pytest

from plan.kit.examples import module_examples
from plan.kit.sessions import ModulePlans
from plan.kit.tfplan import Plan


@pytest.fixture(scope="module")
def admin_api(module_plans: ModulePlans) -> Plan:
    """The plan of the module's example, which lists one network."""
    return module_plans.of(next(each for each in module_examples() if each.name == "admin_api"))


def test_the_document_says_who_may_reach_the_methods(admin_api: Plan) -> None:
    body = admin_api.of("aws_api_gateway_rest_api")[0].get("body")
    allowed, denied = body["x-amazon-apigateway-policy"]["Statement"]
    assert (allowed["Effect"], allowed["Resource"]) == ("Allow", "execute-api:/*")
    assert (denied["Effect"], denied["Resource"]) == ("Deny", "execute-api:/*")
    assert denied["Condition"] == {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}
