"""The two clients of a local gateway: who they are is the same at every start.

In: the data directory and the gateway's URLs. Out: `connection.json`, and an issuer that knows both clients.
"""

from contextlib import suppress

from gwctl.core import scopes
from gwctl.core.errors import UserError
from gwctl.local.connection import Connection
from gwctl.local.data_dir import DataDir
from gwctl.local.issuer.store import ClientFile, Clients, add_client, new_secret, revoke_client

LOCAL_CLIENT = "local"
ADMIN_CLIENT = "local-admin"
OWN_CLIENTS = {LOCAL_CLIENT: (scopes.INVOKE,), ADMIN_CLIENT: (scopes.ADMIN, scopes.READ)}
"""Each with what it may do."""


def ensure_connection(data: DataDir, gateway_url: str, admin_url: str, issuer_url: str) -> Connection:
    """Write `connection.json`, with the credentials that it had before if there are any."""
    secrets = {client_id: new_secret() for client_id in OWN_CLIENTS}
    with suppress(UserError):
        known = Connection.read(data.connection)
        secrets |= {known.client_id: known.client_secret, known.admin_client_id: known.admin_client_secret}

    def with_ours(clients: Clients) -> Clients:
        for client_id, granted in OWN_CLIENTS.items():
            client = clients.get(client_id)
            if client and client.has_secret(secrets[client_id]) and client.scopes == granted:
                continue
            if client:
                clients = revoke_client(clients, client_id)
            clients = add_client(clients, client_id, secrets[client_id], granted)
        return clients

    ClientFile(data.issuer).change(with_ours)
    connection = Connection(
        gateway_url=gateway_url,
        admin_url=admin_url,
        token_url=f"{issuer_url}/oauth2/token",
        jwks_url=f"{issuer_url}/.well-known/jwks.json",
        client_id=LOCAL_CLIENT,
        client_secret=secrets[LOCAL_CLIENT],
        admin_client_id=ADMIN_CLIENT,
        admin_client_secret=secrets[ADMIN_CLIENT],
    )
    connection.write(data.connection)
    return connection
