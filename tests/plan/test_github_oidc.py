"""The roles of the workflows: enough for a whole deployment by its name, nothing with which they could become more."""

import json
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

import pytest

from plan.kit.examples import module_examples, root_examples
from plan.kit.sessions import ModulePlans, RootPlans
from plan.kit.tfplan import Plan, Resource
from plan.rules import identity
from plan.rules.policies import Statement, statements_of

HERE: Final = "eu-central-1:111122223333"
ARNS: Final[dict[str, Callable[[Resource], str]]] = {
    "aws_athena_workgroup": lambda each: f"arn:aws:athena:{HERE}:workgroup/{each.get('name')}",
    "aws_budgets_budget": lambda each: f"arn:aws:budgets::111122223333:budget/{each.get('name')}",
    "aws_cloudformation_stack": lambda each: f"arn:aws:cloudformation:{HERE}:stack/{each.get('name')}/1234",
    "aws_cloudwatch_composite_alarm": lambda each: f"arn:aws:cloudwatch:{HERE}:alarm:{each.get('alarm_name')}",
    "aws_cloudwatch_dashboard": lambda each: f"arn:aws:cloudwatch::111122223333:dashboard/{each.get('dashboard_name')}",
    "aws_cloudwatch_log_group": lambda each: f"arn:aws:logs:{HERE}:log-group:{each.get('name')}:*",
    "aws_cloudwatch_metric_alarm": lambda each: f"arn:aws:cloudwatch:{HERE}:alarm:{each.get('alarm_name')}",
    "aws_dynamodb_table": lambda each: f"arn:aws:dynamodb:{HERE}:table/{each.get('name')}",
    "aws_ecr_repository": lambda each: f"arn:aws:ecr:{HERE}:repository/{each.get('name')}",
    "aws_ecs_cluster": lambda each: f"arn:aws:ecs:{HERE}:cluster/{each.get('name')}",
    "aws_ecs_task_definition": lambda each: f"arn:aws:ecs:{HERE}:task-definition/{each.get('family')}:7",
    "aws_glue_catalog_database": lambda each: f"arn:aws:glue:{HERE}:database/{each.get('name')}",
    "aws_iam_role": lambda each: f"arn:aws:iam::111122223333:role/{each.get('name')}",
    "aws_kinesis_firehose_delivery_stream": lambda each: f"arn:aws:firehose:{HERE}:deliverystream/{each.get('name')}",
    "aws_kms_alias": lambda each: f"arn:aws:kms:{HERE}:{each.get('name')}",
    "aws_lambda_function": lambda each: f"arn:aws:lambda:{HERE}:function:{each.get('function_name')}",
    "aws_lb": lambda each: f"arn:aws:elasticloadbalancing:{HERE}:loadbalancer/app/{each.get('name')}/12",
    "aws_lb_target_group": lambda each: f"arn:aws:elasticloadbalancing:{HERE}:targetgroup/{each.get('name')}/12",
    "aws_s3_bucket": lambda each: f"arn:aws:s3:::{each.get('bucket')}",
    "aws_secretsmanager_secret": lambda each: f"arn:aws:secretsmanager:{HERE}:secret:{each.get('name')}-a1B2c3",
    "aws_sns_topic": lambda each: f"arn:aws:sns:{HERE}:{each.get('name')}",
}
ROLES: Final = ("apply", "audit", "plan", "preview")
INLINE, MANAGED = 10_240, 6_144
"""Characters, without white space, of all inline policies of a role, and of one managed policy."""
OTHERS: Final = (
    "arn:aws:dynamodb:eu-central-1:111122223333:table/payroll",
    "arn:aws:s3:::gwctl-state-111122223333-eu-central-1",
    "arn:aws:s3:::gwctl-state-111122223333-eu-central-1/prod/terraform.tfstate",
    "arn:aws:secretsmanager:eu-central-1:111122223333:secret:gwctl-staging/providers/openai-a1B2c3",
)


@pytest.fixture(scope="module")
def roles(module_plans: ModulePlans) -> Plan:
    """The plan of the module's example: the deployment gwctl-dev."""
    return module_plans.of(next(each for each in module_examples() if each.name == "github_oidc"))


def policies(plan: Plan, role: str) -> list[Resource]:
    """The inline policies of a role."""
    return [each for each in plan.of("aws_iam_role_policy") if _is_of(each, role)]


def _is_of(policy: Resource, role: str) -> bool:
    only = {"change": "apply"}
    name = policy.address.rpartition("aws_iam_role_policy.")[2]
    return name.endswith(f'["{role}"]') or only.get(name) == role


def of_role(plan: Plan, role: str) -> Iterator[Statement]:
    """Every statement of a role, of the shared policy too."""
    for each in policies(plan, role):
        yield from statements_of(each)
    if role in ("apply", "plan"):
        for each in plan.of("aws_iam_policy"):
            yield from statements_of(each)


def allowed(plan: Plan, role: str, action: str, resource: str) -> bool:
    """Whether any statement allows it and none denies it, conditions aside."""
    hits = [
        each.effect
        for each in of_role(plan, role)
        if any(fnmatchcase(action.lower(), known.lower()) for known in each.actions)
        and any(fnmatchcase(resource, known) for known in each.resources)
    ]
    return "Allow" in hits and "Deny" not in hits


@pytest.mark.parametrize("role", ROLES)
def test_policies_fit_into_what_iam_stores(roles: Plan, role: str) -> None:
    sizes = [len(json.dumps(each.get("policy"), separators=(",", ":"))) for each in policies(roles, role)]
    assert sizes
    assert sum(sizes) <= INLINE, sizes
    for each in roles.of("aws_iam_policy"):
        assert len(json.dumps(each.get("policy"), separators=(",", ":"))) <= MANAGED


def test_what_a_whole_deployment_names_is_within_the_names_that_may_change(root_plans: RootPlans) -> None:
    production = root_plans.of(next(each for each in root_examples() if each.name == "root_production"))
    reached = [pattern for each in of_role(production, "apply") if each.effect == "Allow" for pattern in each.resources]
    patterns = [pattern for pattern in reached if pattern != "*"]
    arns = {each.address: ARNS[each.type](each) for each in production.of(*ARNS) if not _is_passed_to_nobody(each)}
    assert {each.type for each in production.of(*ARNS)} == set(ARNS)
    assert {a: arn for a, arn in arns.items() if not any(fnmatchcase(arn, each) for each in patterns)} == {}


def _is_passed_to_nobody(resource: Resource) -> bool:
    """A role that no service takes: by a workflow, or by another role."""
    name = str(resource.get("name"))
    return resource.type == "aws_iam_role" and ("-github-" in name or name.endswith("-bedrock"))


def test_a_deployment_whose_name_begins_alike_is_out_of_reach(root_plans: RootPlans) -> None:
    """Of two deployments in one account, gwctl-prod and gwctl-prod-2, the roles of the first reach nothing of the
    second."""
    production = root_plans.of(next(each for each in root_examples() if each.name == "root_production"))
    reached = {
        pattern
        for role in ROLES
        for each in of_role(production, role)
        if each.effect == "Allow" and not each.conditions
        for pattern in each.resources
        if pattern != "*"
    } | {
        each
        for statement in of_role(production, "apply")
        if statement.sid == "PassRoles"
        for each in statement.resources
    }
    others = [
        ARNS[each.type](each).replace("gwctl-prod", "gwctl-prod-2").replace("gwctl_prod", "gwctl_prod_2")
        for each in production.of(*ARNS)
    ]
    assert {arn: each for arn in others for each in reached if fnmatchcase(arn, each)} == {}


def test_a_pull_request_asks_aws_nothing_and_reads_the_state(roles: Plan) -> None:
    """`gwctl plan --no-refresh`: whoever may push a branch writes the workflow that takes this role."""
    actions = {action for each in of_role(roles, "preview") for action in each.actions}
    assert actions == {"s3:GetBucketVersioning", "s3:GetObject", "s3:ListBucket"}


def test_clients_secrets_are_read_of_the_deployments_own_pool_alone(roles: Plan) -> None:
    reading = [
        each
        for role in ROLES
        for each in of_role(roles, role)
        if any(fnmatchcase("cognito-idp:DescribeUserPoolClient", action) for action in each.actions)
    ]
    assert {each.conditions for each in reading} == {(("StringEquals", "aws:ResourceTag/Deployment", ("gwctl-dev",)),)}
    assert not any("cognito-idp:List*" in each.actions for role in ROLES for each in of_role(roles, role))


@pytest.mark.parametrize("resource", OTHERS)
def test_nothing_of_others_may_change(roles: Plan, resource: str) -> None:
    service = resource.split(":")[2]
    verbs = {"dynamodb": "PutItem", "s3": "PutObject", "secretsmanager": "PutSecretValue"}
    assert not allowed(roles, "apply", f"{service}:{verbs[service]}", resource)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_writes_an_identity(roles: Plan, role: str) -> None:
    own = f"arn:aws:iam::111122223333:role/gwctl-dev-github-{role}"
    task = "arn:aws:iam::111122223333:role/gwctl-dev-task"
    for verb in ("AttachRolePolicy", "CreateRole", "PutRolePolicy", "UpdateAssumeRolePolicy", "CreatePolicyVersion"):
        assert not allowed(roles, role, f"iam:{verb}", own)
        assert not allowed(roles, role, f"iam:{verb}", task)
    written = {
        action
        for each in of_role(roles, role)
        if each.effect == "Allow"
        for action in each.actions
        if action.startswith("iam:") and not re.match(r"iam:(Get|List)", action)
    }
    assert written <= {"iam:PassRole"}


def test_apply_passes_the_deployments_roles_to_its_services_and_no_role_of_a_workflow(roles: Plan) -> None:
    assert allowed(roles, "apply", "iam:PassRole", "arn:aws:iam::111122223333:role/gwctl-dev-task")
    assert not allowed(roles, "apply", "iam:PassRole", "arn:aws:iam::111122223333:role/gwctl-dev-github-apply")
    assert not allowed(roles, "apply", "iam:PassRole", "arn:aws:iam::111122223333:role/admin")
    passing: list[Any] = [each.conditions for each in of_role(roles, "apply") if each.sid == "PassRoles"]
    assert [condition[0][1] for condition in passing] == ["iam:PassedToService"]


@pytest.mark.parametrize("role", ROLES)
def test_no_role_reads_a_providers_key(roles: Plan, role: str) -> None:
    secret = f"arn:aws:secretsmanager:{HERE}:secret:gwctl-dev/providers/openai-a1B2c3"
    assert not allowed(roles, role, "secretsmanager:GetSecretValue", secret)


def test_records_are_read_by_the_audit_and_written_by_no_role(roles: Plan) -> None:
    record = "arn:aws:s3:::gwctl-dev-audit-111122223333-eu-central-1/records/x.parquet"
    assert [role for role in ROLES if allowed(roles, role, "s3:GetObject", record)] == ["audit"]
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"):
        assert not any(allowed(roles, role, action, record) for role in ROLES)


def test_the_audit_changes_items_of_the_ledger_and_nothing_else(roles: Plan) -> None:
    reads = re.compile(r"\w+:(BatchGet|Get|List|Query|Scan|Decrypt)")
    writes = [
        (action, resource)
        for each in of_role(roles, "audit")
        for action in each.actions
        for resource in each.resources
        if not reads.match(action)
    ]
    assert writes == [("dynamodb:UpdateItem", f"arn:aws:dynamodb:{HERE}:table/gwctl-dev-ledger")]


def test_only_apply_writes_the_state_and_only_plan_puts_plans(roles: Plan) -> None:
    bucket = "arn:aws:s3:::gwctl-state-111122223333-eu-central-1"
    names = {"state": f"{bucket}/dev/terraform.tfstate", "plan": f"{bucket}/plans/dev/1-1.tfplan"}
    who = {
        (verb, name): [role for role in ROLES if allowed(roles, role, f"s3:{verb}Object", arn)]
        for verb in ("Get", "Put")
        for name, arn in names.items()
    }
    assert who == {
        ("Get", "state"): ["apply", "audit", "plan", "preview"],
        ("Put", "state"): ["apply"],
        ("Get", "plan"): ["apply"],
        ("Put", "plan"): ["plan"],
    }
    other = f"{bucket}/prod/terraform.tfstate"
    assert not any(
        allowed(roles, role, f"s3:{verb}Object", other) for role in ("apply", "plan") for verb in ("Get", "Put")
    )


REGION: Final = [{"test": "StringEquals", "variable": "aws:RequestedRegion", "values": ["eu-central-1"]}]
DOCUMENT: Final = "module.github_oidc[0].data.aws_iam_policy_document"


def document(address: str, **statement: Any) -> Plan:
    """A plan with one statement in one policy document."""
    return Plan((Resource(address, "aws_iam_policy_document", {"statement": [statement]}, is_data=True),))


@pytest.mark.parametrize(
    ("address", "statement"),
    [
        (f"{DOCUMENT}.change", {"sid": "Named", "actions": ["s3:*"], "resources": ["*"]}),
        (f"{DOCUMENT}.change", {"sid": "Named", "actions": ["s3:*"], "resources": ["arn:aws:s3:::payroll"]}),
        (f"{DOCUMENT}.change", {"sid": "Unnamed", "actions": ["ec2:CreateVpc"], "resources": ["*"]}),
        (f"{DOCUMENT}.change", {"sid": "Unnamed", "actions": ["ec2:*"], "resources": ["*"], "condition": REGION}),
        (f"{DOCUMENT}.change", {"sid": "Cost", "actions": ["iam:PassRole"], "resources": ["*"]}),
        (f"{DOCUMENT}.change", {"sid": "Other", "actions": ["ec2:CreateVpc"], "resources": ["*"], "condition": REGION}),
        (f"{DOCUMENT}.read", {"sid": "Describe", "actions": ["dynamodb:*"], "resources": ["*"]}),
        (f"{DOCUMENT}.read", {"sid": "Describe", "actions": ["s3:PutBucketPolicy"], "resources": ["*"]}),
        ("module.compute.data.aws_iam_policy_document.read", {"sid": "Describe", "actions": ["ec2:Describe*"]}),
    ],
)
def test_what_workflows_may_is_exempt_from_the_rules_only_as_far_as_its_reason_goes(
    address: str, statement: dict[str, Any]
) -> None:
    plan = document(address, **{"resources": ["*"], **statement})
    assert identity.no_action_is_a_wildcard(plan) + identity.identity_policies_name_their_resources(plan)
