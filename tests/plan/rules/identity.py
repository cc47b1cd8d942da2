"""Who may do what."""

import re
from typing import Final

from plan.kit.tfplan import Plan
from plan.rules.policies import Statement, statements, statements_of

WITHOUT_RESOURCE: Final = frozenset(
    {
        "ecr:GetAuthorizationToken",
        "xray:GetSamplingRules",
        "xray:GetSamplingStatisticSummaries",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)
"""Actions that AWS offers without a resource: `*` is the only thing that can stand there."""

_SUBJECT: Final = ("StringEquals", "token.actions.githubusercontent.com:sub")
_ROOT: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:root")


def _administers_a_key(statement: Statement) -> bool:
    """The statement that hands a KMS key over to IAM; in a key's policy `*` is the key itself."""
    return (
        statement.actions == ("kms:*",)
        and len(statement.principals) == 1
        and _ROOT.fullmatch(statement.principals[0]) is not None
    )


def _of_workflows(statement: Statement, document: str, *sids: str) -> bool:
    """Whether it is one of these statements of a policy by which workflows run Terraform."""
    address = r"(?:module\.github_oidc(?:\[0\])?\.)?(?:data\.aws_iam_policy_document|aws_iam_(?:role_)?policy)\."
    return statement.sid in sids and re.fullmatch(address + document, statement.where) is not None


def _describes(statement: Statement) -> bool:
    """What Terraform reads to compare: most calls take no resource. Nothing that changes anything is among them."""
    return _of_workflows(statement, "read", "Describe") and all(
        re.fullmatch(r"[a-z0-9-]+:(?:Describe|Get|List|View)\w*\*?|apigateway:GET", each) for each in statement.actions
    )


def _changes_what_has_its_name(statement: Statement) -> bool:
    """Everything with a deployment's parts, for they have its name: no resource is another's, or all."""
    return _of_workflows(statement, "change", "Named") and all(
        re.search(r"[:/-]gwctl[-_]\w+|:catalog$", each) for each in statement.resources
    )


def _makes_what_has_no_name_yet(statement: Statement) -> bool:
    """Actions, each by its name, on what AWS names: in one region, or of Cost Explorer, which takes no resource."""
    if any("*" in action for action in statement.actions):
        return False
    if _of_workflows(statement, "change", "Cost"):
        return all(action.startswith("ce:") for action in statement.actions)
    region = ("StringEquals", "aws:RequestedRegion")
    return _of_workflows(statement, "change", "Unnamed") and any(
        each[:2] == region and len(each[2]) == 1 for each in statement.conditions
    )


def _is_one_repository(statement: Statement) -> bool:
    """Trust in GitHub's tokens of one repository, by ids that cannot be taken over, without a wildcard."""
    subjects = [values for operator, key, values in statement.conditions if (operator, key) == _SUBJECT]
    return (
        statement.actions == ("sts:AssumeRoleWithWebIdentity",)
        and len(subjects) == 1
        and all(re.fullmatch(r"repo:[^/@*?]+@\d+/[^/@*?]+@\d+:[^*?]+", subject) for subject in subjects[0])
    )


def _show(statement: Statement) -> str:
    return f"{statement.where} {statement.sid}: {', '.join(statement.actions)} on {', '.join(statement.resources)}"


def no_action_is_a_wildcard(plan: Plan) -> list[str]:
    """`*` and `s3:*` are for denying."""
    return [
        _show(each)
        for each in statements(plan)
        if each.effect == "Allow"
        and any("*" in action or "?" in action for action in each.actions)
        and not _administers_a_key(each)
        and not _describes(each)
        and not _changes_what_has_its_name(each)
    ]


def identity_policies_name_their_resources(plan: Plan) -> list[str]:
    """A role's permission is for something, unless AWS knows no resource for the action."""
    return [
        _show(each)
        for each in statements(plan)
        if each.effect == "Allow"
        and not each.principals
        and not _describes(each)
        and not _makes_what_has_no_name_yet(each)
        and any(re.fullmatch(r"\*|arn:[^:]*:[^:]*:\*.*", resource) for resource in each.resources)
        and not set(each.actions) <= WITHOUT_RESOURCE
        and not all(re.fullmatch(r"arn:[^:]+:bedrock:\*::foundation-model/[^*]+", each_) for each_ in each.resources)
    ]


def nobody_is_allowed_everything_by_negation(plan: Plan) -> list[str]:
    """Allow with NotAction allows what AWS adds tomorrow."""
    return [_show(each) for each in statements(plan) if each.effect == "Allow" and each.not_actions]


def resources_are_not_public(plan: Plan) -> list[str]:
    """No policy of a bucket, key, topic or secret allows everybody anything."""
    guarded = ("aws_kms_key", "aws_s3_bucket_policy", "aws_secretsmanager_secret_policy", "aws_sns_topic_policy")
    return [
        _show(statement)
        for resource in plan.of(*guarded)
        for statement in statements_of(resource)
        if statement.effect == "Allow" and "*" in statement.principals
    ]


def _is_for_a_role_beside(statement: Statement, plan: Plan) -> bool:
    """Trust in one role that the same plan makes, by its whole name."""
    names = {role.get("name") for role in plan.of("aws_iam_role")}
    matches = [re.fullmatch(r"arn:aws:iam::\d{12}:role/([\w-]+)", each) for each in statement.principals]
    return statement.actions == ("sts:AssumeRole",) and all(match and match[1] in names for match in matches)


def roles_trust_services_only(plan: Plan) -> list[str]:
    """A role is assumed by a service of AWS, by one repository's workflows or by a role of the same deployment, never
    by another account or everybody."""
    return [
        _show(statement)
        for role in plan.of("aws_iam_role")
        for statement in statements_of(role)
        if not _is_one_repository(statement)
        and not _is_for_a_role_beside(statement, plan)
        and (
            statement.actions != ("sts:AssumeRole",)
            or not all(principal.endswith(".amazonaws.com") for principal in statement.principals)
        )
    ]


def clients_are_machines(plan: Plan) -> list[str]:
    """Client credentials and nothing else; nobody can sign up."""
    found = [
        f"{client.address}: {client.get('allowed_oauth_flows')}"
        for client in plan.of("aws_cognito_user_pool_client")
        if client.get("allowed_oauth_flows") != ["client_credentials"]
        or client.get("generate_secret") is not True
        or client.get("explicit_auth_flows") != ["ALLOW_REFRESH_TOKEN_AUTH"]  # Cognito takes none for all
    ]
    return found + [
        f"{pool.address}: people can sign up"
        for pool in plan.of("aws_cognito_user_pool")
        if pool.block("admin_create_user_config").get("allow_admin_create_user_only") is not True
    ]
