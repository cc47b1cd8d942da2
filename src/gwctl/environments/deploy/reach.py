"""How to reach a deployed gateway from here. In: an environment and what was applied. Out: a `Connection`.

The clients are those of the user pool; their secrets are asked of Cognito, so it takes AWS credentials. In the emulated
AWS the addresses are those of the gateway of this machine, which stands in for the containers.
"""

from dataclasses import replace

from gwctl.environments.deploy import local_gateway
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.deploy.deployed import connection_of
from gwctl.environments.project import Place
from gwctl.local.connection import Connection


def connection_to(place: Place, applied: Applied) -> Connection:
    """Raises UserError: Cognito does not tell the clients, or no gateway was started for the emulated one."""
    deployed = connection_of(applied)
    if applied.endpoint is None:
        return deployed
    here = Connection.read(local_gateway.data_of(place).connection)
    return replace(
        deployed,
        gateway_url=here.gateway_url,
        admin_url=here.admin_url,
        token_url=here.token_url,
        jwks_url=here.jwks_url,
    )
