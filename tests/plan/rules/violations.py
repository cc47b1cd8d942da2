"""For each rule of `plan.rules` a small plan that breaks it."""

import json
from typing import Any, Final

from plan.kit.tfplan import Plan, Resource


def _plan(*resources: tuple[str, dict[str, Any]]) -> Plan:
    return Plan(tuple(Resource(address, address.split(".")[-2], values) for address, values in resources))


def _document(**statement: Any) -> Plan:
    return Plan(
        (
            Resource(
                "data.aws_iam_policy_document.x", "aws_iam_policy_document", {"statement": [statement]}, is_data=True
            ),
        )
    )


def _container(**definition: Any) -> Plan:
    return _plan(("aws_ecs_task_definition.x", {"container_definitions": json.dumps([{"name": "x", **definition}])}))


def _bucket(kind: str, **companion: Any) -> Plan:
    return _plan(("aws_s3_bucket.x", {"bucket": "x"}), (f"{kind}.x", companion))


def _policy(**statement: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}]})


VIOLATIONS: Final[dict[str, Plan]] = {
    "admin_methods_need_a_scope": _plan(
        ("aws_api_gateway_rest_api.x", {"body": json.dumps({"paths": {"/": {"get": {"security": [{"cognito": []}]}}}})})
    ),
    "api_bodies_are_not_logged": _plan(
        ("aws_api_gateway_method_settings.x", {"settings": [{"data_trace_enabled": True, "throttling_rate_limit": 1}]})
    ),
    "buckets_are_encrypted": _bucket(
        "aws_s3_bucket_server_side_encryption_configuration",
        rule=[{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}],
    ),
    "buckets_are_private": _bucket(
        "aws_s3_bucket_public_access_block",
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=False,
    ),
    "buckets_are_versioned": _bucket("aws_s3_bucket_versioning", versioning_configuration=[{"status": "Suspended"}]),
    "buckets_refuse_plain_http_and_old_tls": _bucket(
        "aws_s3_bucket_policy",
        policy=_policy(
            Effect="Deny",
            Action="s3:*",
            Principal="*",
            Resource=["arn:aws:s3:::x", "arn:aws:s3:::x/*"],
            Condition={"Bool": {"aws:SecureTransport": "false"}},
        ),
    ),
    "capabilities_are_dropped": _container(linuxParameters={"capabilities": {"add": ["SYS_PTRACE"], "drop": ["ALL"]}}),
    "clients_are_machines": _plan(
        ("aws_cognito_user_pool_client.x", {"allowed_oauth_flows": ["implicit"], "generate_secret": True})
    ),
    "firewall_stands_before_every_entrance": _plan(("aws_lb.x", {})),
    "functions_are_called_by_the_api_only": _plan(
        ("aws_lambda_permission.x", {"principal": "*", "source_account": "1", "source_arn": "arn:x"})
    ),
    "identity_policies_name_their_resources": _document(actions=["s3:GetObject"], resources=["*"]),
    "images_are_pinned": _container(image="envoyproxy/envoy:v1.40"),
    "ingress_from_everywhere_is_web_traffic_to_the_load_balancer": _plan(
        ("aws_vpc_security_group_ingress_rule.tasks", {"cidr_ipv4": "0.0.0.0/0", "from_port": 443, "to_port": 443})
    ),
    "keys_rotate": _plan(("aws_kms_key.x", {"enable_key_rotation": False, "deletion_window_in_days": 30})),
    "listeners_use_tls_or_redirect_to_it": _plan(
        ("aws_lb_listener.x", {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-2016-08"})
    ),
    "load_balancers_are_hardened": _plan(
        (
            "aws_lb.x",
            {
                "drop_invalid_header_fields": False,
                "desync_mitigation_mode": "defensive",
                "idle_timeout": 600,
                "access_logs": [{"enabled": True}],
            },
        )
    ),
    "load_balancers_reach_the_issuers_keys": _plan(
        ("module.networking.aws_lb.x", {}),
        (
            "module.compute.aws_vpc_security_group_egress_rule.x",
            {"cidr_ipv4": "0.0.0.0/0", "from_port": 443, "to_port": 443},
        ),
    ),
    "log_groups_are_encrypted": _plan(("aws_cloudwatch_log_group.x", {"kms_key_id": None})),
    "log_groups_keep_their_logs": _plan(("aws_cloudwatch_log_group.x", {"retention_in_days": 0})),
    "networks_keep_flow_logs": _plan(("aws_vpc.x", {}), ("aws_flow_log.x", {"traffic_type": "REJECT"})),
    "no_action_is_a_wildcard": _document(actions=["dynamodb:*"], resources=["arn:aws:dynamodb:eu-central-1:1:table/x"]),
    "nobody_is_allowed_everything_by_negation": _document(not_actions=["iam:CreateUser"], resources=["arn:x"]),
    "nobody_is_root": _container(user="0:0"),
    "nobody_opens_a_shell": _plan(("aws_ecs_service.x", {"enable_execute_command": True})),
    "policies_of_apis_are_in_their_bodies": _plan(
        ("aws_api_gateway_rest_api.x", {"body": json.dumps({"paths": {}})}), ("aws_api_gateway_rest_api_policy.x", {})
    ),
    "provider_keys_are_not_in_the_environment": _container(environment=[{"name": "OPENAI_API_KEY", "value": "x"}]),
    "queues_topics_and_streams_are_encrypted": _plan(("aws_sns_topic.x", {"kms_master_key_id": None})),
    "repositories_are_immutable_and_scanned": _plan(
        (
            "aws_ecr_repository.x",
            {
                "image_tag_mutability": "MUTABLE",
                "image_scanning_configuration": [{"scan_on_push": True}],
                "encryption_configuration": [{"encryption_type": "KMS"}],
            },
        )
    ),
    "resources_are_not_public": _plan(("aws_s3_bucket_policy.x", {"policy": _policy(Principal="*")})),
    "roles_trust_services_only": _plan(
        (
            "aws_iam_role.x",
            {
                "assume_role_policy": _policy(
                    Action="sts:AssumeRole", Principal={"AWS": "arn:aws:iam::999999999999:root"}
                )
            },
        )
    ),
    "root_file_systems_are_read_only": _container(readonlyRootFilesystem=False),
    "secrets_have_no_value_in_the_plan": _plan(("aws_secretsmanager_secret_version.x", {"secret_string": "x"})),
    "tables_are_encrypted_and_recoverable": _plan(
        (
            "aws_dynamodb_table.x",
            {
                "server_side_encryption": [{"enabled": True, "kms_key_arn": "arn:x"}],
                "point_in_time_recovery": [{"enabled": False}],
            },
        )
    ),
    "tasks_have_no_public_address": _plan(
        ("aws_ecs_service.x", {"network_configuration": [{"assign_public_ip": True}]})
    ),
    "unknown_requests_are_refused": _plan(
        ("aws_lb_listener.x", {"protocol": "HTTPS", "default_action": [{"type": "forward"}]})
    ),
}
