"""The app clients of a local gateway in an emulated AWS: those of its user pool, as in a deployment.

In: where that AWS is. Out: a `ClientDirectory` for the admin API, and for the token service each client with digests of
its secrets. The gateway's own two clients are not in the pool: Cognito would choose their ids, and a start would wait
for it. Other local gateways have their clients in the database (`gwctl.stores.sql.clients`).
"""

from collections.abc import Callable, Iterator
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

    def ids(self) -> list[str]:
        """The ids of all clients of the pool. Raises botocore's errors."""
        if not self._has_pool():
            return []
        pages = self._client.get_paginator("list_user_pool_clients").paginate(UserPoolId=self._pool)
        return [client["ClientId"] for page in pages for client in page["UserPoolClients"]]

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


def list_clients(directory: LocalClientDirectory) -> Iterator[Client]:
    """All clients of the directory that may have tokens. Raises StateError and botocore's errors."""
    for client_id in directory.ids():
        found = directory.find(client_id)
        if found:
            yield found
