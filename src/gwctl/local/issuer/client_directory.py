"""The app clients of a local gateway: those of a user pool in its local AWS, as in a deployment.

In: where that AWS is. Out: a `ClientDirectory` for the admin API, and for the token service each client with digests of
its secrets. The gateway's own two clients are not in the pool: Cognito would choose their ids, and a start would wait
for it.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from gwctl.core import scopes
from gwctl.local.issuer.clients import OWN_CLIENTS
from gwctl.local.issuer.store import Client, StateError, digest
from gwctl.stores.aws import local_names as aws_names
from gwctl.stores.aws.clients import PATIENT, connect
from gwctl.stores.aws.cognito import COGNITO_ID, CognitoClientDirectory, translated
from gwctl.stores.interfaces import Credentials, UnavailableError

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient


class LocalClientDirectory(CognitoClientDirectory):
    """See `interfaces.ClientDirectory`. Without `user_pool_id`, the first client makes a pool of that name."""

    def __init__(
        self,
        connect: "Callable[[], CognitoIdentityProviderClient]",
        user_pool_id: str | None = None,
        name: str = aws_names.USER_POOL,
    ) -> None:
        super().__init__(connect, user_pool_id or "", scopes.INVOKE)
        self._name = name

    @property
    def _pool(self) -> str:
        """Raises KeyError: without a pool there is no client."""
        if not self._has_pool():
            raise KeyError(self._name)
        return self._user_pool_id

    def _has_pool(self) -> bool:
        if not self._user_pool_id:
            pages = self._client.get_paginator("list_user_pools").paginate(MaxResults=60)
            ids = (pool["Id"] for page in pages for pool in page["UserPools"] if pool["Name"] == self._name)
            self._user_pool_id = next(ids, "")
        return bool(self._user_pool_id)

    def create(self, name: str) -> Credentials:
        """See `ClientDirectory.create`."""
        with translated():
            if not self._has_pool():
                self._user_pool_id = self._client.create_user_pool(PoolName=self._name)["UserPool"]["Id"]
        return super().create(name)

    def exists(self, client_id: str) -> bool:
        """See `ClientDirectory.exists`."""
        return client_id in OWN_CLIENTS or super().exists(client_id)

    def find(self, client_id: str) -> Client | None:
        """A client that may have tokens. Raises StateError: the local AWS does not answer."""
        if not COGNITO_ID.fullmatch(client_id):
            return None
        try:
            with translated(client_id):
                which = {"UserPoolId": self._pool, "ClientId": client_id}
                client = self._client.describe_user_pool_client(**which)["UserPoolClient"]
                secrets = self._client.list_user_pool_client_secrets(**which)["ClientSecrets"]
        except KeyError:
            return None
        except UnavailableError as error:
            raise StateError(f"the user pool cannot be read: {error}") from error
        if "client_credentials" not in client.get("AllowedOAuthFlows", ()):
            return None
        digests = tuple(digest(each["ClientSecretValue"]) for each in secrets)
        return Client(client_id, digests, tuple(client.get("AllowedOAuthScopes", ())))


def directory_at(aws_url: str, access_key: str, region: str, user_pool_id: str | None) -> LocalClientDirectory:
    """The directory in the AWS at this address; nobody is asked yet."""
    options = aws_names.client_options(aws_url, access_key) | {"region_name": region}
    return LocalClientDirectory(lambda: connect("cognito-idp", PATIENT, **options), user_pool_id)


def find_client(admin_config: Path, client_id: str) -> Client | None:
    """A client of the admin API's directory; the file is its configuration. Raises StateError."""
    try:
        return _directory_of(admin_config.read_bytes()).find(client_id)
    except FileNotFoundError:
        return None  # the admin API has not been started yet


@lru_cache(maxsize=1)
def _directory_of(admin_config: bytes) -> LocalClientDirectory:
    config = json.loads(admin_config)
    pool = config.get("settings", {}).get("user_pool_id")
    return directory_at(config["aws_url"], config["aws_access_key"], config.get("region", aws_names.REGION), pool)
