"""What moto 5.2.5 answers otherwise than AWS and Terraform notices. In: moto, as imported. Out: moto, patched.

Each patch says what AWS does, what moto does instead, and what of ours needs it. tests/emulated/test_moto_shim.py fails
when a patch is no longer needed. A clean apply under these patches proves our graph and our types, not AWS's answers.
"""

import inspect
import json
import re
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any, Final, cast

PATCHES: dict[str, Callable[[], None]] = {}
"""Name → what applies it."""


def patch(function: Callable[[], None]) -> Callable[[], None]:
    """Add to PATCHES."""
    PATCHES[function.__name__] = function
    return function


def apply() -> None:
    """Apply all of them; once a process."""
    for each in PATCHES.values():
        each()


@patch
def bucket_logging_by_policy() -> None:
    """S3 delivers access logs where a bucket policy allows logging.s3.amazonaws.com to put objects below the prefix.

    moto fails with a 500 when the policy has a statement whose principal is "*", as "refuse what is not TLS" has, and
    knows no wildcard in a resource but a last `/*`. Needed by aws_s3_bucket_logging.
    """
    from moto.s3.models import FakeBucket
    from moto.s3.utils import LOGGING_SERVICE_PRINCIPAL

    def allowed(target_bucket: Any, target_prefix: str | None) -> bool:
        policy = json.loads(target_bucket.policy) if target_bucket.policy else {"Statement": []}
        wanted = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}"
        for statement in policy["Statement"]:
            principal = statement.get("Principal")
            services = _list(principal.get("Service")) if isinstance(principal, dict) else []
            if (
                statement.get("Effect") == "Allow"
                and LOGGING_SERVICE_PRINCIPAL in services
                and "s3:PutObject" in _list(statement.get("Action"))
                and any(_matches(resource, wanted) for resource in _list(statement.get("Resource")))
            ):
                return True
        return False

    _replace(FakeBucket, "_log_permissions_enabled_policy", staticmethod(allowed))


@patch
def bucket_logging_keeps_its_key_format() -> None:
    """S3 returns the key format that logging was configured with. moto forgets it, so every plan would set it again.

    Needed by aws_s3_bucket_logging with target_object_key_format.
    """
    from moto.core.responses import ActionResult
    from moto.s3.responses import S3Response

    original = S3Response.get_bucket_logging

    def get(self: Any) -> Any:
        logging = self.backend.get_bucket_logging(self.bucket_name)
        if not logging or "TargetObjectKeyFormat" not in logging:
            return original(self)
        self.data["Action"] = "GetBucketLogging"
        kept = ("TargetBucket", "TargetPrefix", "TargetObjectKeyFormat")
        return self.serialized(ActionResult({"LoggingEnabled": {name: logging[name] for name in kept}}))

    _replace(S3Response, "get_bucket_logging", get)


@patch
def function_logging() -> None:
    """Lambda returns the logging configuration of a function. moto forgets it. Needed by aws_lambda_function."""
    from moto.awslambda.models import LambdaFunction

    create, update, describe = (
        LambdaFunction.__init__,
        LambdaFunction.update_configuration,
        LambdaFunction.get_configuration,
    )

    def init(self: Any, account_id: str, spec: dict[str, Any], *others: Any, **more: Any) -> None:
        create(self, account_id, spec, *others, **more)
        self.logging_config = spec.get("LoggingConfig")

    def update_configuration(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        self.logging_config = config_updates.get("LoggingConfig", self.logging_config)
        return update(self, config_updates)

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        known = {"LoggingConfig": self.logging_config} if self.logging_config else {}
        return {**describe(self, on_create), **known}

    _replace(LambdaFunction, "__init__", init)
    _replace(LambdaFunction, "update_configuration", update_configuration)
    _replace(LambdaFunction, "get_configuration", get_configuration)


@patch
def listener_rules_validate_tokens() -> None:
    """A listener rule can have an action `jwt-validation`. moto refuses it.

    Only what is there is checked; AWS's own schema of it is checked by cfn-lint. Needed by the stack with the JWT rule.
    """
    from moto.elbv2 import models
    from moto.elbv2.exceptions import ValidationError

    original = models.ELBv2Backend._validate_actions

    def validate(self: Any, actions: list[Any]) -> None:
        for action in actions:
            if action.type == "jwt-validation":
                config = action.data.get("JwtValidationConfig", {})
                for name in ("JwksEndpoint", "Issuer"):
                    if not str(config.get(name, "")).startswith("https://"):
                        raise ValidationError(f"JwtValidationConfig.{name} must be an https URL")
        original(self, [action for action in actions if action.type != "jwt-validation"])

    _replace(models.ELBv2Backend, "_validate_actions", validate)
    models.ALLOWED_ACTIONS.append("jwt-validation")


@patch
def bucket_policies_without_conditions() -> None:
    """S3 applies a statement of a bucket policy only if its condition is met. moto refuses when it is not met.

    So "refuse what is not TLS" would refuse everything. Statements with a condition are left out here: most of ours ask
    for TLS, which the emulator does not speak. Needed to read and write objects in every bucket, the state's above all.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket

    def permission(self: Any, action: str, resource: str) -> Any:
        statements = _list(json.loads(self.policy)["Statement"]) if self.policy else []
        unconditional = [statement for statement in statements if not statement.get("Condition")]
        if not unconditional:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({"Statement": unconditional})).is_action_permitted(action, resource)

    _replace(FakeBucket, "get_permission", permission)


@patch
def delete_markers_are_deleted() -> None:
    """S3 deletes a delete marker like any version. moto fails with a 500 when versioning has been suspended before.

    Needed to destroy a bucket from which an object was deleted: Terraform suspends versioning first.
    """
    from moto.s3.models import FakeDeleteMarker

    _replace(FakeDeleteMarker, "dispose", lambda *_, **__: None)


@patch
def object_lock_of_a_bucket_with_objects() -> None:
    """S3 changes the default retention of a bucket that has objects. moto refuses it.

    Needed to destroy aws_s3_bucket_object_lock_configuration once there are audit records.
    """
    from moto.s3.models import S3Backend

    original = S3Backend.put_object_lock_configuration

    def put(self: Any, bucket_name: str, lock_enabled: bool, *rule: Any, **more: Any) -> None:
        bucket = self.get_bucket(bucket_name)
        keys, bucket.keys = bucket.keys, type(bucket.keys)()
        try:
            original(self, bucket_name, lock_enabled, *rule, **more)
        finally:
            bucket.keys = keys

    _replace(S3Backend, "put_object_lock_configuration", put)


@patch
def rest_api_policy_is_escaped() -> None:
    r"""API Gateway returns a REST API's policy with each quote escaped: `{\"Version\": …}`.

    moto returns it as it was sent, which the provider cannot read. Needed by aws_api_gateway_rest_api_policy.
    """
    from moto.apigateway.models import RestAPI

    original = RestAPI.to_dict

    def to_dict(self: Any) -> dict[str, Any]:
        answer = original(self)
        if answer.get(RestAPI.PROP_POLICY):
            answer[RestAPI.PROP_POLICY] = json.dumps(answer[RestAPI.PROP_POLICY])[1:-1]
        return answer

    _replace(RestAPI, "to_dict", to_dict)


@patch
def query_definitions() -> None:
    """CloudWatch Logs stores queries. moto does not know them. Needed by aws_cloudwatch_query_definition."""
    from moto.logs.responses import LogsResponse

    stored: dict[str, dict[str, Any]] = {}

    def put(self: Any) -> str:
        definition_id = self._get_param("queryDefinitionId") or str(uuid.uuid4())
        kept = ("name", "queryString", "logGroupNames", "queryLanguage")
        given = {name: self._get_param(name) for name in kept}
        stored[definition_id] = {
            "queryDefinitionId": definition_id,
            **{name: value for name, value in given.items() if value is not None},
        }
        return json.dumps({"queryDefinitionId": definition_id})

    def describe(self: Any) -> str:
        prefix = self._get_param("queryDefinitionNamePrefix") or ""
        return json.dumps({"queryDefinitions": [each for each in stored.values() if each["name"].startswith(prefix)]})

    def delete(self: Any) -> str:
        return json.dumps({"success": stored.pop(self._get_param("queryDefinitionId"), None) is not None})

    _replace(LogsResponse, "put_query_definition", put)
    _replace(LogsResponse, "describe_query_definitions", describe)
    _replace(LogsResponse, "delete_query_definition", delete)


@patch
def security_group_rule_descriptions() -> None:
    """EC2 keeps the description of every security group rule. moto loses it unless the rule's peer is an IPv4 range.

    Needed by aws_vpc_security_group_*_rule between groups and to prefix lists.
    """
    from moto.ec2.models.security_groups import SecurityGroupRule

    original = SecurityGroupRule.__init__
    signature = inspect.signature(original)

    def init(self: Any, *given: Any, **named: Any) -> None:
        original(self, *given, **named)
        peers = signature.bind(self, *given, **named).arguments
        described = (peers.get(name) for name in ("ip_range", "source_group", "prefix_list_id"))
        self._described = next((each["Description"] for each in described if each and each.get("Description")), None)

    _replace(SecurityGroupRule, "__init__", init)
    _replace(SecurityGroupRule, "description", property(lambda self: self._described))


@patch
def scalable_target_tags() -> None:
    """Application Auto Scaling has tags. moto does not know them. Needed by aws_appautoscaling_target and _policy."""
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

    tags = _keep_tags(ApplicationAutoScalingResponse, "Tags", as_list=False)
    original = ApplicationAutoScalingResponse.register_scalable_target

    def register(self: Any) -> str:
        answer = original(self)
        tags.setdefault(json.loads(answer)["ScalableTargetARN"], {}).update(self._get_param("Tags") or {})
        return answer

    _replace(ApplicationAutoScalingResponse, "register_scalable_target", register)


@patch
def service_settings() -> None:
    """ECS returns all settings of a service. moto forgets these when it makes the service, not when it changes it.

    Needed by aws_ecs_service.
    """
    from moto.ecs.responses import EC2ContainerServiceResponse

    original = EC2ContainerServiceResponse.create_service
    settings = {
        "availabilityZoneRebalancing": "availability_zone_rebalancing",
        "capacityProviderStrategy": "capacity_provider_strategy",
        "deploymentConfiguration": "deployment_configuration",
        "enableECSManagedTags": "enable_ecs_managed_tags",
        "enableExecuteCommand": "enable_execute_command",
        "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    }

    def create(self: Any) -> Any:
        answer = original(self)
        service = cast("dict[str, Any]", answer.result)["service"]
        for parameter, attribute in settings.items():
            value = self._get_param(parameter)
            if value is not None:
                setattr(service, attribute, value)
        if getattr(service, "capacity_provider_strategy", None):
            service.launch_type = None  # a service has one or the other
        return answer

    _replace(EC2ContainerServiceResponse, "create_service", create)


@patch
def stack_parameters_as_given() -> None:
    """CloudFormation returns a list parameter as it was given, joined by commas. moto returns a Python list's text.

    Needed by aws_cloudformation_stack with the JWT rule, whose paths and scopes are lists.
    """
    from moto.cloudformation.models import Stack

    original = Stack.parameter_list.fget
    assert original

    def parameters(self: Any) -> list[dict[str, Any]]:
        return [{**each, "ParameterValue": _joined(each["ParameterValue"])} for each in original(self)]

    _replace(Stack, "parameter_list", property(parameters))


@patch
def resource_server_deletion() -> None:
    """Cognito deletes resource servers. moto cannot. Needed to destroy aws_cognito_resource_server."""
    from moto.cognitoidp.responses import CognitoIdpResponse
    from moto.core.responses import EmptyResult

    def delete(self: Any) -> Any:
        pool = self.backend.describe_user_pool(self._get_param("UserPoolId"))
        pool.resource_servers.pop(self._get_param("Identifier"), None)
        return EmptyResult()

    _replace(CognitoIdpResponse, "delete_resource_server", delete)


@patch
def app_client_secrets() -> None:
    """An app client of Cognito has one secret or two, added and deleted one by one. moto knows the first one alone.

    Needed by the admin API to rotate them. moto's secrets are UUIDs of a random generator that can be foretold; AWS's
    have no hyphens. Unlike AWS, the list tells them: moto has no token endpoint, and the local token service, which
    stands in for it, has to compare them.
    """
    from moto.cognitoidp.exceptions import InvalidParameterException
    from moto.cognitoidp.models import CognitoIdpUserPoolClient
    from moto.cognitoidp.responses import CognitoIdpResponse
    from moto.core.responses import ActionResult, EmptyResult

    create = CognitoIdpUserPoolClient.__init__

    def new_secret(client: Any) -> dict[str, Any]:
        now = time.time_ns() // 1_000_000
        return {
            "ClientSecretId": f"{client.id}--{now}",
            "ClientSecretValue": secrets.token_hex(24),
            "ClientSecretCreateDate": now / 1000,
        }

    def use(client: Any, its_secrets: list[dict[str, Any]]) -> None:
        client.secrets = its_secrets
        client.secret = its_secrets[0]["ClientSecretValue"] if its_secrets else ""

    def init(self: Any, *given: Any, **named: Any) -> None:
        create(self, *given, **named)
        use(self, [new_secret(self)] if self.generate_secret else [])

    def client_of(self: Any) -> Any:
        return self.backend.describe_user_pool_client(self._get_param("UserPoolId"), self._get_param("ClientId"))

    def add(self: Any) -> Any:
        client = client_of(self)
        if len(client.secrets) != 1:
            raise InvalidParameterException(f"client {client.id} has {len(client.secrets)} secrets, not one")
        use(client, [*client.secrets, new_secret(client)])
        return ActionResult({"ClientSecretDescriptor": client.secrets[-1]})

    def listed(self: Any) -> Any:
        return ActionResult({"ClientSecrets": client_of(self).secrets})

    def delete(self: Any) -> Any:
        client, unwanted = client_of(self), self._get_param("ClientSecretId")
        left = [each for each in client.secrets if each["ClientSecretId"] != unwanted]
        if not left or len(left) == len(client.secrets):
            raise InvalidParameterException(f"{unwanted} is no secret of client {client.id}, or its last one")
        use(client, left)
        return EmptyResult()

    _replace(CognitoIdpUserPoolClient, "__init__", init)
    _replace(CognitoIdpResponse, "add_user_pool_client_secret", add)
    _replace(CognitoIdpResponse, "list_user_pool_client_secrets", listed)
    _replace(CognitoIdpResponse, "delete_user_pool_client_secret", delete)


@patch
def named_query_deletion() -> None:
    """Athena deletes named queries. moto cannot. Needed to destroy aws_athena_named_query."""
    from moto.athena.responses import AthenaResponse

    def delete(self: Any) -> str:
        self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"), None)
        return "{}"

    _replace(AthenaResponse, "delete_named_query", delete)


@patch
def budget_subscribers_and_tags() -> None:
    """Budgets tells who is notified, and has tags. moto keeps the first and tells neither.

    Needed by aws_budgets_budget, of the feature cost attribution.
    """
    from moto.budgets.responses import BudgetsResponse

    def subscribers(self: Any) -> str:
        budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
        wanted = self._get_param("Notification")
        compared = ("ComparisonOperator", "NotificationType", "Threshold", "ThresholdType")
        found = [
            subscriber
            for notification in budget.notifications
            if all(notification.details.get(name) == wanted.get(name) for name in compared)
            for subscriber in notification.subscribers
        ]
        return json.dumps({"Subscribers": found})

    tags = _keep_tags(BudgetsResponse, "ResourceTags", as_list=True)
    original = BudgetsResponse.create_budget

    def create(self: Any) -> str:
        account, name = self._get_param("AccountId"), self._get_param("Budget")["BudgetName"]
        arn = f"arn:{self.partition}:budgets::{account}:budget/{name}"
        tags[arn] = {each["Key"]: each["Value"] for each in self._get_param("ResourceTags") or []}
        return original(self)

    _replace(BudgetsResponse, "create_budget", create)
    _replace(BudgetsResponse, "describe_subscribers_for_notification", subscribers)


def _keep_tags(responses: type, answer: str, *, as_list: bool) -> dict[str, dict[str, str]]:
    """Give a service of moto the three calls for tags. `answer` names what lists them; returns where they are kept."""
    kept: dict[str, dict[str, str]] = {}

    def listed(self: Any) -> str:
        tags = kept.get(self._get_param("ResourceARN"), {})
        return json.dumps({answer: [{"Key": key, "Value": value} for key, value in tags.items()] if as_list else tags})

    def add(self: Any) -> str:
        given = self._get_param(answer) or {}
        added = {each["Key"]: each["Value"] for each in given} if as_list else given
        kept.setdefault(self._get_param("ResourceARN"), {}).update(added)
        return "{}"

    def remove(self: Any) -> str:
        for key in self._get_param("TagKeys" if not as_list else "ResourceTagKeys") or []:
            kept.get(self._get_param("ResourceARN"), {}).pop(key, None)
        return "{}"

    _replace(responses, "list_tags_for_resource", listed)
    _replace(responses, "tag_resource", add)
    _replace(responses, "untag_resource", remove)
    return kept


def _replace(owner: type, name: str, value: Any) -> None:
    """Set an attribute of one of moto's classes, which it may not have yet."""
    setattr(owner, name, value)


def _joined(value: Any) -> Any:
    return ",".join(value) if isinstance(value, list) else value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


_ANY: Final = re.escape("*")


def _matches(pattern: str, arn: str) -> bool:
    """Whether every object below the ARN's prefix matches a policy's resource."""
    return re.fullmatch(re.escape(pattern).replace(_ANY, ".*"), f"{arn}x") is not None
