"""User pools of the emulated AWS as data. In: what a request has changed in moto's Cognito. Out: rows of the file.

A pool's row has its resource servers and domains; each app client has a row of its own, with its secrets. Users, groups
and identity providers are not kept: machines alone are clients of a gateway.
"""

import json
from datetime import datetime
from typing import Any, Final

from moto.cognitoidp.models import (
    CognitoIdpUserPoolClient,
    CognitoIdpUserPoolDomain,
    CognitoResourceServer,
    cognitoidp_backends,
)
from moto.core.models import DEFAULT_ACCOUNT_ID

from gwctl.emulated_aws.call import Call
from gwctl.emulated_aws.disk.file import AwsFile

SERVICE: Final = "AWSCognitoIdentityProviderService"

_ABOUT_CLIENTS: Final = {
    "AddUserPoolClientSecret",
    "CreateUserPoolClient",
    "DeleteUserPoolClient",
    "DeleteUserPoolClientSecret",
    "UpdateUserPoolClient",
}
WRITES: Final = _ABOUT_CLIENTS | {
    "CreateResourceServer",
    "CreateUserPool",
    "CreateUserPoolDomain",
    "DeleteUserPool",
    "DeleteUserPoolDomain",
    "SetUserPoolMfaConfig",
    "UpdateUserPool",
    "UpdateUserPoolDomain",
}

_DATES: Final = ("creation_date", "last_modified_date")
_FIELDS: Final = ("arn", "extended_config", "id", "mfa_config", "name", "request", "sms_mfa_config", "token_mfa_config")


def restore(file: AwsFile) -> None:
    """Fill moto's backends, which must be empty."""
    for region, name, content in file.things(SERVICE):  # a pool comes before its clients
        backend = _backend(region)
        pool_id, _, client_id = name.partition("/")
        if client_id:
            client = CognitoIdpUserPoolClient(pool_id, content["generate_secret"], None)
            vars(client).update(content)
            backend.user_pools[pool_id].clients[client_id] = client
            continue
        pool = backend.create_user_pool(content["name"], content["request"])
        del backend.user_pools[pool.id]
        vars(pool).update({field: content[field] for field in _FIELDS})
        vars(pool).update({field: datetime.fromisoformat(content[field]) for field in _DATES})
        backend.user_pools[pool_id] = pool
        for server in content["resource_servers"]:
            pool.resource_servers[server["identifier"]] = CognitoResourceServer(**server)
        for domain in content["domains"]:
            backend.user_pool_domains[domain["domain"]] = CognitoIdpUserPoolDomain(**domain)


def keep(file: AwsFile, call: Call, answer: bytes) -> None:
    """Write what one of WRITES has changed."""
    region, action, request = call.region, call.action, call.request
    backend = _backend(region)
    pool_id = request.get("UserPoolId") or json.loads(answer)["UserPool"]["Id"]
    pool = backend.user_pools.get(pool_id)
    if pool is None:
        names = (name for where, name, _ in file.things(SERVICE) if where == region)
        file.keep_things(SERVICE, region, {name: None for name in names if name.partition("/")[0] == pool_id})
    elif action in _ABOUT_CLIENTS:
        client_id = request.get("ClientId") or json.loads(answer)["UserPoolClient"]["ClientId"]
        client = pool.clients.get(client_id)
        file.keep_things(SERVICE, region, {f"{pool_id}/{client_id}": vars(client) if client else None})
    else:
        if action == "CreateUserPool":
            pool.request = request  # a schema cannot be had of moto in the form in which it takes one
        file.keep_things(SERVICE, region, {pool_id: _content(pool, backend)})


def _content(pool: Any, backend: Any) -> dict[str, Any]:
    return {
        **{field: vars(pool)[field] for field in _FIELDS},
        **{field: vars(pool)[field].isoformat() for field in _DATES},
        "resource_servers": [vars(server) for server in pool.resource_servers.values()],
        "domains": [vars(each) for each in backend.user_pool_domains.values() if each.user_pool_id == pool.id],
    }


def _backend(region: str) -> Any:
    return cognitoidp_backends[DEFAULT_ACCOUNT_ID][region]
