"""AWS as an environment sees it. In: a target. Out: a session, and the proof that it is the right account.

The only place of this package that makes clients; credentials come from wherever boto3 finds them, or are made up for
the emulated AWS.
"""

from collections.abc import Callable
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from gwctl.core.errors import UserError
from gwctl.environments.terraform.workspace import Target
from gwctl.stores.aws.clients import AWS_ERRORS

_CONFIG: Final = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "max_attempts": 4})

ClientMaker = Callable[..., Any]


def clients(target: Target) -> ClientMaker:
    """`clients(target)("s3")` is a client of S3 in the environment's region; another region can be named."""
    session: Any = session_of(target)  # its stubs know the few services that are installed with it

    def client(service: str, region: str | None = None) -> Any:
        return session.client(
            service, region_name=region or target.environment.region, endpoint_url=target.endpoint, config=_CONFIG
        )

    return client


def session_of(target: Target) -> boto3.Session:
    """A session. Raises UserError: the profile that AWS_PROFILE names is not there."""
    region = target.environment.region
    try:
        if target.endpoint:
            return boto3.Session("emulated", "emulated", region_name=region)
        return boto3.Session(region_name=region)
    except BotoCoreError as error:
        raise UserError(f"AWS credentials cannot be used ({error}); correct AWS_PROFILE") from error


def check_account(target: Target) -> str:
    """The ARN that the credentials belong to. Raises UserError: there are none, or they are of another account."""
    try:
        caller = clients(target)("sts").get_caller_identity()
    except AWS_ERRORS as error:
        raise UserError(
            f"there are no AWS credentials that work ({error}); log in, for example with `aws sso login`, "
            "or set AWS_PROFILE"
        ) from error
    account, wanted = caller["Account"], target.environment.account_id
    if account != wanted:
        raise UserError(
            f"the AWS credentials are of account {account} ({caller['Arn']}), but {target.name} is account {wanted}; "
            "nothing was read or changed: set AWS_PROFILE to a profile of that account"
        )
    return str(caller["Arn"])
