"""Secrets of providers in Secrets Manager, and sessions of a role that may call Bedrock."""

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from gwctl.stores.aws.clients import AWS_ERRORS, PATIENT, code_of, connect

EMPTY: Final = "ResourceNotFoundException"

Fields = Mapping[str, str]


class UnusableSecretError(Exception):
    """A secret that cannot be used, and why. Nothing of its content is in the message."""


class ProviderSecretStore:
    """Secrets of one region. `options` are those of boto3. Safe to be used by one thread at a time.

    `role_arn` is the role whose sessions `role_credentials` returns; None: the one under which this process runs.
    """

    def __init__(self, role_arn: str | None = None, **options: Any) -> None:
        self._options = options
        self._role_arn = role_arn
        self._credentials: Any = None
        self._client: Any = None

    def read(self, name: str) -> Fields:
        """A secret's fields. A JSON object of them is stored, or the key alone. Raises UnusableSecretError."""
        try:
            self._client = self._client or connect("secretsmanager", PATIENT, **self._options)
            answer = self._client.get_secret_value(SecretId=name)
        except ClientError as error:
            code = code_of(error)
            raise UnusableSecretError("has no value yet" if code == EMPTY else f"cannot be read ({code})") from error
        except (BotoCoreError, OSError, ValueError) as error:
            raise UnusableSecretError(f"cannot be read ({type(error).__name__})") from error
        return _fields(answer.get("SecretString") or "")

    def write(self, name: str, fields: Fields) -> None:
        """Gives a secret this value, and makes it if it is not there. Raises botocore's errors."""
        self._client = self._client or connect("secretsmanager", PATIENT, **self._options)
        value = json.dumps(dict(fields))
        try:
            self._client.put_secret_value(SecretId=name, SecretString=value)
        except self._client.exceptions.ResourceNotFoundException:
            self._client.create_secret(Name=name, SecretString=value)

    def role_credentials(self) -> Fields:
        """The role's credentials as a provider's fields; empty: it has none. Raises UnusableSecretError.

        They live for an hour or more, and the SDK renews them in good time.
        """
        import boto3

        try:
            if self._credentials is None:
                session = boto3.Session(region_name=self._options.get("region_name"))
                self._credentials = _of_role(session, self._role_arn)
            return _credential_fields(self._credentials)
        except (*AWS_ERRORS, OSError, ValueError) as error:
            raise UnusableSecretError(type(error).__name__) from error


def _of_role(session: Any, role_arn: str | None) -> Any:
    """Credentials of the SDK, which it renews when they are asked for; None when this process has none itself."""
    own = session.get_credentials()
    if own is None or role_arn is None:
        return own
    client_of = session._session.create_client  # the SDK assumes roles by its core
    fetcher = AssumeRoleCredentialFetcher(client_of, own, role_arn, extra_args={"RoleSessionName": "gwctl-agent"})
    return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")


def profile_credentials(name: str) -> tuple[Fields, str | None]:
    """The credentials of a person's AWS profile, and its region. Raises UnusableSecretError."""
    import boto3

    try:
        session: Any = boto3.Session(profile_name=name)
        return _credential_fields(session.get_credentials()), session.region_name
    except BotoCoreError as error:
        raise UnusableSecretError(str(error)) from error


def _credential_fields(credentials: Any) -> Fields:
    frozen = credentials.get_frozen_credentials() if credentials else None
    if frozen is None:
        return {}
    fields = {
        "aws_access_key_id": frozen.access_key,
        "aws_secret_access_key": frozen.secret_key,
        "aws_session_token": frozen.token,
    }
    return {name: str(value) for name, value in fields.items() if value}


def _fields(text: str) -> Fields:
    """The fields of a secret. A field that is an object itself (a key file) is handed on as its text."""
    content: Any = text.strip()
    if content.startswith("{"):
        try:
            content = json.loads(content)
        except ValueError:
            raise UnusableSecretError("is not a JSON object") from None
    if isinstance(content, str):
        content = {"api_key": content}
    found = {
        str(name): json.dumps(value) if isinstance(value, dict) else value
        for name, value in content.items()
        if isinstance(value, str | dict) and value
    }
    if not found:
        raise UnusableSecretError("is empty")
    return found
