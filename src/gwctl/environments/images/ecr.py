"""Amazon ECR as a registry. In: an environment. Out: its registry's name, and a login that holds for twelve hours."""

import base64

from gwctl.core.errors import UserError
from gwctl.environments.terraform.aws import check_account, clients
from gwctl.environments.terraform.workspace import Target
from gwctl.stores.aws.clients import AWS_ERRORS


def host(account_id: str, region: str) -> str:
    """The name of an account's registry in a region."""
    return f"{account_id}.dkr.ecr.{region}.amazonaws.com"


def login(target: Target) -> tuple[str, str]:
    """User and password for the environment's registry. Raises UserError: other account, or no right."""
    environment = target.environment
    check_account(target)
    try:
        answer = clients(target)("ecr").get_authorization_token()
    except AWS_ERRORS as error:
        raise UserError(
            f"ECR gives no login ({error}); use credentials with ecr:GetAuthorizationToken in {environment.account_id}"
        ) from error
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    user, _, password = token.partition(":")
    return user, password
