"""The role by which API Gateway writes logs. In: a target. Out: what was done; running it again changes nothing.

It is the account's in each region and all its environments share it, so no environment's Terraform has it: the one that
had would take it from the others when it is destroyed.
"""

import json
import time
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.core.errors import UserError
from gwctl.environments.terraform.aws import clients
from gwctl.environments.terraform.workspace import Target
from gwctl.stores.aws.clients import code_of

NAME: Final = "gwctl-api-gateway-logs"
_TRIES: Final = 12
"""A new role is known everywhere after some seconds; until then API Gateway refuses it."""
_SECONDS: Final = 5.0
_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
_ACTIONS: Final = ("CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutLogEvents")


def ensure(target: Target, *, dry_run: bool = False) -> list[str]:
    """Give the account a role if it has none, ours or another's; says what was (or would be) done. Raises UserError."""
    connect = clients(target)
    gateway, region = connect("apigateway"), target.environment.region
    try:
        if gateway.get_account().get("cloudwatchRoleArn"):
            return []
        if not dry_run:
            _set(gateway, _role(connect("iam"), target.environment.account_id))
    except ClientError as error:
        raise UserError(
            f"AWS refused to give API Gateway its log role ({error}); run it with a role that may create {NAME}"
        ) from error
    except BotoCoreError as error:
        raise UserError(f"AWS cannot be reached ({error}); check the connection, and run it again") from error
    return [f"API Gateway writes logs in {region} by the role {NAME}"]


def _role(iam: Any, account_id: str) -> str:
    try:
        iam.create_role(
            RoleName=NAME,
            AssumeRolePolicyDocument=json.dumps(_TRUST),
            Description="API Gateway writes its access logs by it, for every deployment of the account",
        )
    except ClientError as error:
        if code_of(error) != "EntityAlreadyExists":
            raise
    statement = {
        "Effect": "Allow",
        "Action": [f"logs:{action}" for action in _ACTIONS],
        "Resource": f"arn:aws:logs:*:{account_id}:*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=NAME, PolicyName="write-logs", PolicyDocument=policy)
    return str(iam.get_role(RoleName=NAME)["Role"]["Arn"])


def _set(gateway: Any, arn: str) -> None:
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}
    for attempt in range(1, _TRIES + 1):
        try:
            gateway.update_account(patchOperations=[change])
        except ClientError as error:
            if code_of(error) != "BadRequestException" or attempt == _TRIES:
                raise
            time.sleep(_SECONDS)
        else:
            return
