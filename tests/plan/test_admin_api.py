"""The admin API as AWS takes it."""

import json

import pytest

from plan.kit.examples import module_examples
from plan.kit.sessions import ModulePlans
from plan.kit.terraform import MODULES, ROOT
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


def test_a_line_of_the_access_log_is_json_whatever_the_message_holds(admin_api: Plan) -> None:
    """`$context.error.messageString` comes with its quotes, `$context.error.message` without."""
    text = admin_api.of("aws_api_gateway_stage")[0].block("access_log_settings")["format"]
    line = text.replace("$context.error.messageString", json.dumps('no such "stage"'))
    assert json.loads(line)["error"] == 'no such "stage"'


def test_variables_of_a_function_fit_into_what_lambda_takes(admin_api: Plan) -> None:
    """4 KB with the largest list of providers that the module accepts, 3,000 characters."""
    for function in admin_api.of("aws_lambda_function"):
        variables = function.block("environment")["variables"]
        others = sum(len(name) + len(value) for name, value in variables.items() if name != "GWCTL_PROVIDERS")
        assert others + len("GWCTL_PROVIDERS") + 3000 <= 4096


def test_no_environment_has_the_role_that_all_share() -> None:
    """The account's role for API Gateway's logs: whoever destroyed it would take it from the others."""
    files = [*MODULES.glob("*/*.tf"), *ROOT.glob("*.tf")]
    assert [str(file) for file in files if "aws_api_gateway_account" in file.read_text()] == []
