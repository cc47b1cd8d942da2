"""App clients in an Amazon Cognito user pool. Secrets pass through here once and are neither kept nor logged."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from gwctl.stores.aws.clients import code_of
from gwctl.stores.interfaces import Credentials, Rotation, UnavailableError

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient

TOKEN_MINUTES: Final = 60
MAX_SECRETS: Final = 2
"""Cognito keeps no more for one client."""

COGNITO_ID: Final = re.compile(r"[\w+]{1,128}", re.ASCII)
MISSING: Final = "ResourceNotFoundException"


class CognitoClientDirectory:
    """See `gwctl.stores.interfaces.ClientDirectory`. `connect` is called on first use: most functions never need it."""

    def __init__(self, connect: "Callable[[], CognitoIdentityProviderClient]", user_pool_id: str, scope: str) -> None:
        self._connect = connect
        self._user_pool_id = user_pool_id
        self._scope = scope

    @cached_property
    def _client(self) -> Any:
        logging.getLogger("botocore").setLevel(logging.INFO)  # its debug log holds whole answers
        return self._connect()

    @property
    def _pool(self) -> str:
        return self._user_pool_id

    def create(self, name: str) -> Credentials:
        """See `ClientDirectory.create`. One CreateUserPoolClient."""
        with translated():
            answer = self._client.create_user_pool_client(
                UserPoolId=self._pool,
                ClientName=_allowed(name),
                GenerateSecret=True,
                AllowedOAuthFlows=["client_credentials"],
                AllowedOAuthFlowsUserPoolClient=True,
                AllowedOAuthScopes=[self._scope],
                SupportedIdentityProviders=["COGNITO"],
                ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"],  # an empty list means flows by which people sign in
                EnableTokenRevocation=True,
                AccessTokenValidity=TOKEN_MINUTES,
                TokenValidityUnits={"AccessToken": "minutes"},
            )
        client = answer["UserPoolClient"]
        return Credentials(client["ClientId"], client["ClientSecret"])

    def exists(self, client_id: str) -> bool:
        """See `ClientDirectory.exists`. One DescribeUserPoolClient."""
        try:
            with translated(client_id):
                self._client.describe_user_pool_client(UserPoolId=self._pool, ClientId=client_id)
        except KeyError:
            return False
        return True

    def delete(self, client_id: str) -> bool:
        """See `ClientDirectory.delete`. One DeleteUserPoolClient."""
        try:
            with translated(client_id):
                self._client.delete_user_pool_client(UserPoolId=self._pool, ClientId=client_id)
        except KeyError:
            return False
        return True

    def begin_rotation(self, client_id: str) -> Rotation:
        """See `ClientDirectory.begin_rotation`. ListUserPoolClientSecrets, AddUserPoolClientSecret.

        A rotation that broke off has left two secrets; then the older one makes room.
        """
        with translated(client_id):
            secrets = self._secrets(client_id)
            for secret in secrets[: max(0, len(secrets) - MAX_SECRETS + 1)]:
                self._delete_secret(client_id, secret)
            answer = self._client.add_user_pool_client_secret(UserPoolId=self._pool, ClientId=client_id)
        new = answer["ClientSecretDescriptor"]
        return Rotation(Credentials(client_id, new["ClientSecretValue"]), new["ClientSecretId"])

    def finish_rotation(self, rotation: Rotation) -> None:
        """See `ClientDirectory.finish_rotation`. Deletes every other secret."""
        client_id = rotation.credentials.client_id
        with translated(client_id):
            for secret in self._secrets(client_id):
                if secret != rotation.handle:
                    self._delete_secret(client_id, secret)

    def abandon_rotation(self, rotation: Rotation) -> None:
        """See `ClientDirectory.abandon_rotation`. Deletes the new secret."""
        with translated(rotation.credentials.client_id):
            self._delete_secret(rotation.credentials.client_id, rotation.handle)

    def _secrets(self, client_id: str) -> list[str]:
        """The ids of a client's secrets, oldest first."""
        answer = self._client.list_user_pool_client_secrets(UserPoolId=self._pool, ClientId=client_id)
        found = sorted(answer["ClientSecrets"], key=lambda secret: secret["ClientSecretCreateDate"])
        return [secret["ClientSecretId"] for secret in found]

    def _delete_secret(self, client_id: str, secret_id: str) -> None:
        self._client.delete_user_pool_client_secret(UserPoolId=self._pool, ClientId=client_id, ClientSecretId=secret_id)


def _allowed(name: str) -> str:
    """What Cognito takes for a client's name: word characters, spaces and `+=,.@-`."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_ +=,.@-") else "-" for c in name)


@contextmanager
def translated(client_id: str = "") -> Iterator[None]:
    """Errors of Cognito → KeyError for an unknown client, else UnavailableError. Neither carries a secret."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        # An id in another form than Cognito's cannot be one of its clients; Cognito calls that an invalid parameter.
        if code == MISSING or (code == "InvalidParameterException" and not COGNITO_ID.fullmatch(client_id)):
            raise KeyError(client_id) from error
        raise UnavailableError(f"Cognito: {code}") from error
    except BotoCoreError as error:
        raise UnavailableError(f"Cognito: {type(error).__name__}") from error
