"""From what was applied to what works with it. In: `Applied`. Out: clients, and the settings of the admin API.

The seam between Terraform and the running parts: nothing else reads names out of Terraform's outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from gwctl import scopes
from gwctl.admin.runtime import Settings, SnapshotPlace, Tables
from gwctl.environments.applied import Applied
from gwctl.errors import UserError


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
        return scopes.INVOKE in self.scopes


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
        deployment=applied.output("environment"),
        snapshot=SnapshotPlace(bucket=applied.output("snapshot_bucket_name")),
        tables=Tables(documents=tables["documents"], audit=tables["audit"], usage=tables["usage"]),
        user_pool_id=applied.output("cognito_user_pool_id"),
    )


def clients_of(applied: Applied) -> list[DeployedClient]:
    """The clients that Terraform made, with their secrets, by name. Raises UserError: Cognito does not tell them."""
    pool = applied.output("cognito_user_pool_id")
    ids: Mapping[str, str] = applied.output("cognito_client_ids")
    make: Any = boto3.client
    cognito = make("cognito-idp", **client_options(applied))
    try:
        return [_client(cognito, pool, name, client_id) for name, client_id in sorted(ids.items())]
    except (BotoCoreError, ClientError) as error:
        raise UserError(
            f"Cognito does not tell the clients of {applied.environment} ({error}); deploy again"
        ) from error


def _client(cognito: Any, pool: str, name: str, client_id: str) -> DeployedClient:
    answer = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client_id)["UserPoolClient"]
    return DeployedClient(name, client_id, answer["ClientSecret"], tuple(answer.get("AllowedOAuthScopes", ())))
