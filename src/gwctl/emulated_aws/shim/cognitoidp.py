"""Cognito: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

import secrets
import time
from typing import Any, Final

from gwctl.emulated_aws.shim.patching import replace


def resource_server_deletion() -> None:
    """Cognito deletes resource servers. moto cannot. Needed to destroy aws_cognito_resource_server."""
    from moto.cognitoidp.responses import CognitoIdpResponse
    from moto.core.responses import EmptyResult

    def delete(self: Any) -> Any:
        pool = self.backend.describe_user_pool(self._get_param("UserPoolId"))
        pool.resource_servers.pop(self._get_param("Identifier"), None)
        return EmptyResult()

    replace(CognitoIdpResponse, "delete_resource_server", delete)


def app_client_secrets() -> None:
    """An app client of Cognito has one secret or two, added and deleted one by one. moto knows the first one alone.

    Needed by the admin API to rotate them. moto's secrets are UUIDs of a random generator that can be foretold; AWS's
    have no hyphens. Unlike AWS, the list tells them: moto has no token endpoint, and the local token service, which
    stands in for it, has to compare them.
    """
    from moto.cognitoidp.exceptions import InvalidParameterException
    from moto.cognitoidp.models import CognitoIdpUserPoolClient
    from moto.cognitoidp.responses import CognitoIdpResponse
    from moto.core.responses import ActionResult, EmptyResult

    create = CognitoIdpUserPoolClient.__init__

    def new_secret(client: Any) -> dict[str, Any]:
        now = time.time_ns() // 1_000_000
        return {
            "ClientSecretId": f"{client.id}--{now}",
            "ClientSecretValue": secrets.token_hex(24),
            "ClientSecretCreateDate": now / 1000,
        }

    def use(client: Any, its_secrets: list[dict[str, Any]]) -> None:
        client.secrets = its_secrets
        client.secret = its_secrets[0]["ClientSecretValue"] if its_secrets else ""

    def init(self: Any, *given: Any, **named: Any) -> None:
        create(self, *given, **named)
        use(self, [new_secret(self)] if self.generate_secret else [])

    def client_of(self: Any) -> Any:
        return self.backend.describe_user_pool_client(self._get_param("UserPoolId"), self._get_param("ClientId"))

    def add(self: Any) -> Any:
        client = client_of(self)
        if len(client.secrets) != 1:
            raise InvalidParameterException(f"client {client.id} has {len(client.secrets)} secrets, not one")
        use(client, [*client.secrets, new_secret(client)])
        return ActionResult({"ClientSecretDescriptor": client.secrets[-1]})

    def listed(self: Any) -> Any:
        return ActionResult({"ClientSecrets": client_of(self).secrets})

    def delete(self: Any) -> Any:
        client, unwanted = client_of(self), self._get_param("ClientSecretId")
        left = [each for each in client.secrets if each["ClientSecretId"] != unwanted]
        if not left or len(left) == len(client.secrets):
            raise InvalidParameterException(f"{unwanted} is no secret of client {client.id}, or its last one")
        use(client, left)
        return EmptyResult()

    replace(CognitoIdpUserPoolClient, "__init__", init)
    replace(CognitoIdpResponse, "add_user_pool_client_secret", add)
    replace(CognitoIdpResponse, "list_user_pool_client_secrets", listed)
    replace(CognitoIdpResponse, "delete_user_pool_client_secret", delete)


PATCHES: Final = (
    resource_server_deletion,
    app_client_secrets,
)
