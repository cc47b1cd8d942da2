"""The security facts hold in the plan of every example, and each rule can fail."""

import pytest

from plan.kit.examples import module_examples, root_examples
from plan.kit.sessions import ModulePlans, RootPlans
from plan.kit.tfplan import Plan
from plan.rules import ALL, Rule
from plan.rules.violations import VIOLATIONS


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)
def test_fact_holds(rule: Rule, plan: Plan) -> None:
    found = rule(plan)
    assert not found, "\n".join([rule.__doc__ or "", *found])


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)
def test_rule_finds_its_planted_violation(rule: Rule) -> None:
    assert rule(VIOLATIONS[rule.__name__]), f"{rule.__name__} lets its violation pass"


def test_rules_have_something_to_judge(root_plans: RootPlans) -> None:
    judged = {
        "aws_api_gateway_method_settings",
        "aws_cloudwatch_log_group",
        "aws_cognito_user_pool_client",
        "aws_dynamodb_table",
        "aws_ecr_repository",
        "aws_ecs_service",
        "aws_iam_role",
        "aws_kinesis_firehose_delivery_stream",
        "aws_kms_key",
        "aws_lambda_permission",
        "aws_lb",
        "aws_lb_listener",
        "aws_s3_bucket",
        "aws_sns_topic",
        "aws_subnet",
        "aws_vpc",
        "aws_vpc_security_group_ingress_rule",
        "aws_wafv2_web_acl",
    }
    deployment = root_plans.of(root_examples()[0])
    assert judged <= {each.type for each in deployment.resources}


def test_container_definitions_are_known_in_one_plan(module_plans: ModulePlans) -> None:
    compute = next(each for each in module_examples() if each.name == "compute")
    task = module_plans.of(compute).of("aws_ecs_task_definition")[0]
    assert [each["name"] for each in task.get("container_definitions")] == ["agent", "collector", "edge", "gateway"]
