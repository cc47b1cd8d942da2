"""What AWS does or wants, as far as a plan shows it: each was read in AWS's documents, and each once was otherwise."""

import re

import pytest

from plan.kit.examples import module_examples, root_examples
from plan.kit.sessions import ModulePlans, RootPlans
from plan.kit.terraform import MODULES, ROOT
from plan.kit.tfplan import Plan


@pytest.fixture(scope="module")
def production(root_plans: RootPlans) -> Plan:
    """The plan of a production with every feature."""
    return root_plans.of(next(each for each in root_examples() if each.name == "root_production"))


@pytest.mark.parametrize("service", ["kinesis-firehose", "sns", "sts", "xray"])
def test_what_a_task_calls_has_an_endpoint_in_the_vpc(service: str, production: Plan) -> None:
    names = {each.get("service_name") for each in production.of("aws_vpc_endpoint")}
    assert f"com.amazonaws.eu-central-1.{service}" in names


def test_four_groups_of_managed_rules_stand_before_each_entrance(production: Plan) -> None:
    for firewall in production.of("aws_wafv2_web_acl"):
        managed = [
            statement["managed_rule_group_statement"][0]["name"]
            for rule in firewall.get("rule")
            for statement in rule["statement"]
            if statement.get("managed_rule_group_statement")
        ]
        assert sorted(managed) == [
            "AWSManagedRulesAmazonIpReputationList",
            "AWSManagedRulesCommonRuleSet",
            "AWSManagedRulesKnownBadInputsRuleSet",
            "AWSManagedRulesSQLiRuleSet",
        ]


def test_conversations_about_sql_are_counted_and_not_refused(production: Plan) -> None:
    text = (MODULES / "web_acl" / "web_acl.tf").read_text()
    assert {"SQLiExtendedPatterns_BODY", "SQLi_BODY"} <= set(re.findall(r'"(\w+_BODY)"', text))


def test_tls_1_3_alone_is_spoken_unless_somebody_says_otherwise(production: Plan) -> None:
    (listener,) = [each for each in production.of("aws_lb_listener") if each.get("protocol") == "HTTPS"]
    assert listener.get("ssl_policy") == "ELBSecurityPolicy-TLS13-1-3-2021-06"


def test_scopes_are_those_of_the_reference_where_the_root_is_told(root_plans: RootPlans) -> None:
    """Cognito takes the prefix. What else does is told with what AWS decides, the pool's id, and is unknown here."""
    scope = "https://gateway.internal"
    emulated = root_plans.of(next(each for each in root_examples() if each.name == "root_emulated"))
    assert emulated.of("aws_cognito_resource_server")[0].get("identifier") == scope
    clients = {
        each.get("name"): each.get("allowed_oauth_scopes") for each in emulated.of("aws_cognito_user_pool_client")
    }
    assert clients["gwctl-local-default"] == [f"{scope}/invoke"]
    assert "scope_prefix  = module.auth.resource_server_identifier" in (ROOT / "admin_api.tf").read_text()
    assert '"${var.resource_server.identifier}/${scope}"' in (MODULES / "auth" / "jwt_rule.tf").read_text()
    assert 'invoke_scope = "${module.auth.resource_server_identifier}/invoke"' in (ROOT / "compute.tf").read_text()


def test_tables_are_copied_to_another_vault_where_the_root_is_told(production: Plan) -> None:
    (rule,) = production.of("aws_backup_plan")[0].get("rule")
    vault = "arn:aws:backup:eu-west-1:777788889999:backup-vault:offsite"
    assert [each["destination_vault_arn"] for each in rule["copy_action"]] == [vault]
    assert rule["lifecycle"][0]["delete_after"] == 35
    assert len(production.of("aws_backup_selection", "aws_backup_vault")) == 2


def test_without_being_told_nothing_is_copied(root_plans: RootPlans) -> None:
    assert not root_plans.of(root_examples()[0]).of("aws_backup_plan", "aws_backup_vault")


@pytest.mark.parametrize(("example", "locked"), [("root_production", True), ("root_emulated", False)])
def test_records_are_locked_until_somebody_says_off(example: str, locked: bool, root_plans: RootPlans) -> None:
    """S3 wants a checksum with a locked object, and AWS does not say that Firehose sends one."""
    plan = root_plans.of(next(each for each in root_examples() if each.name == example))
    assert bool(plan.of("aws_s3_bucket_object_lock_configuration")) is locked
    (records,) = [each for each in plan.of("aws_s3_bucket") if "-audit-" in str(each.get("bucket"))]
    assert records.get("object_lock_enabled") is locked


def test_clients_can_do_no_more_than_refresh(module_plans: ModulePlans) -> None:
    """An empty list means flows by which people sign in."""
    auth = module_plans.of(next(each for each in module_examples() if each.name == "auth"))
    flows = [each.get("explicit_auth_flows") for each in auth.of("aws_cognito_user_pool_client")]
    assert flows
    assert all(each == ["ALLOW_REFRESH_TOKEN_AUTH"] for each in flows)


def test_no_other_partition_is_promised() -> None:
    """Names of hosts end in amazonaws.com everywhere, so neither China nor GovCloud would work."""
    files = [*MODULES.glob("*/*.tf"), *ROOT.glob("*.tf")]
    assert [
        str(file) for file in files if re.search(r"aws-(cn|us-gov)|\bpartition\s+=|\.partition\b", file.read_text())
    ] == []
