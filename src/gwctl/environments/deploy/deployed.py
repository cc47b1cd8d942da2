"""From what was applied to what works with it. In: `Applied`. Out: clients, settings of the admin API and of the agent.

The seam between Terraform and the running parts: nothing else reads names out of Terraform's outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

from gwctl.core import scopes
from gwctl.core.errors import UserError
from gwctl.environments.deploy.applied import Applied
from gwctl.local.connection import Connection
from gwctl.stores.aws.clients import AWS_ERRORS
from gwctl.stores.aws.policy.snapshots import CURRENT
from gwctl.stores.aws.settings import Settings, SnapshotPlace, Tables


@dataclass(frozen=True)
class DeployedClient:
    """A machine client of the user pool. `name` is its key in Terraform: admin, default, or one of multi_client."""

    name: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]

    @property
    def may_invoke(self) -> bool:
        """Whether it may call models."""
        return any(scope.rpartition("/")[2] == scopes.INVOKE.rpartition("/")[2] for scope in self.scopes)


def client_options(applied: Applied) -> dict[str, str]:
    """What `boto3.client` needs to reach the deployment."""
    options = {"region_name": applied.region}
    if applied.endpoint:
        options |= {
            "endpoint_url": applied.endpoint,
            "aws_access_key_id": "emulated",
            "aws_secret_access_key": "emulated",  # it checks none
        }
    return options


def admin_settings(applied: Applied) -> Settings:
    """What the admin API's functions are given in a deployment; see modules/admin_api. Raises UserError."""
    tables: Mapping[str, str] = applied.output("table_names")
    return Settings(
        deployment=applied.output("deployment"),
        snapshot=SnapshotPlace(bucket=applied.output("snapshot_bucket_name")),
        tables=Tables(**{key: tables[key] for key in ("audit", "documents", "ledger", "usage")}),
        user_pool_id=applied.output("cognito_user_pool_id"),
    )


def agent_settings(applied: Applied) -> dict[str, Any]:
    """The fields of AgentSettings that say which AWS resources are whose, as modules/compute gives them to the agent.

    What depends on the machine is not among them: paths, the edge, the collector. Raises UserError.
    """
    tables: Mapping[str, str] = applied.output("table_names")
    arns: Mapping[str, str] = applied.output("provider_secret_arns")
    return {
        "audit_stream": applied.output("audit_stream_name"),
        "bedrock_role_arn": f"arn:aws:iam::{applied.output('account_id')}:role/{applied.output('deployment')}-bedrock",
        "deployment": applied.output("deployment"),
        "notifications_topic_arn": applied.output("notifications_topic_arn"),
        "provider_secrets": {provider: _secret_name(arn) for provider, arn in arns.items()},
        "region": applied.region,
        "snapshot": {"bucket": applied.output("snapshot_bucket_name"), "key": CURRENT},
        "tables": {key: tables[key] for key in ("audit", "ledger", "usage")},
    }


def _secret_name(arn: str) -> str:
    """The name in a secret's ARN, whose last seven characters are a hyphen and six that AWS chose."""
    return arn.rpartition(":secret:")[2][:-7]


def clients_of(applied: Applied) -> list[DeployedClient]:
    """The clients that Terraform made, with their secrets, by name. Raises UserError: Cognito does not tell them."""
    pool = applied.output("cognito_user_pool_id")
    ids: Mapping[str, str] = applied.output("cognito_client_ids")
    make: Any = boto3.client
    cognito = make("cognito-idp", **client_options(applied))
    try:
        return [_client(cognito, pool, name, client_id) for name, client_id in sorted(ids.items())]
    except AWS_ERRORS as error:
        raise UserError(
            f"Cognito does not tell the clients of {applied.environment} ({error}); deploy again"
        ) from error


def connection_of(applied: Applied) -> Connection:
    """How to reach the deployment as its clients `default` and `admin`. Raises UserError."""
    clients = {each.name: each for each in clients_of(applied)}
    ordinary, admin = clients["default"], clients["admin"]
    return Connection(
        gateway_url=applied.output("gateway_url").rstrip("/"),
        admin_url=applied.output("admin_api_url").rstrip("/"),
        token_url=applied.output("cognito_token_endpoint"),
        jwks_url=applied.output("jwks_url"),
        client_id=ordinary.client_id,
        client_secret=ordinary.client_secret,
        admin_client_id=admin.client_id,
        admin_client_secret=admin.client_secret,
    )


def _client(cognito: Any, pool: str, name: str, client_id: str) -> DeployedClient:
    answer = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client_id)["UserPoolClient"]
    return DeployedClient(name, client_id, answer["ClientSecret"], tuple(answer.get("AllowedOAuthScopes", ())))
