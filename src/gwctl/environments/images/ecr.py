"""Amazon ECR as a registry. In: an environment. Out: its registry's name, and a login that holds for twelve hours."""

import base64
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.core.errors import UserError
from gwctl.environments.terraform.aws import check_account, clients
from gwctl.environments.terraform.workspace import Target

_SUFFIX: Final = {"aws-cn": "amazonaws.com.cn"}


def host(account_id: str, region: str, partition: str) -> str:
    """The name of an account's registry in a region."""
    return f"{account_id}.dkr.ecr.{region}.{_SUFFIX.get(partition, 'amazonaws.com')}"


def login(target: Target) -> tuple[str, str]:
    """User and password for the environment's registry. Raises UserError: other account, or no right."""
    environment = target.environment
    check_account(target)
    try:
        answer = clients(target)("ecr").get_authorization_token()
    except (BotoCoreError, ClientError) as error:
        raise UserError(
            f"ECR gives no login ({error}); use credentials with ecr:GetAuthorizationToken in {environment.account_id}"
        ) from error
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    user, _, password = token.partition(":")
    return user, password
