"""The gateway of `gwctl up` for an environment in the emulated AWS. In: what was applied. Out: a gateway that serves.

Its issuer gives tokens to the clients of the deployed user pool, and its policy knows those that Terraform made. It
has a data directory of its own, beside the environment's work files.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import yaml

from gwctl.core.files import write_atomically
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.deploy.deployed import (
    DeployedClient,
    admin_settings,
    agent_settings,
    client_options,
    clients_of,
)
from gwctl.environments.project import Place
from gwctl.local.data_dir import DataDir
from gwctl.local.issuer.clients import LOCAL_CLIENT
from gwctl.local.policy import default_policy
from gwctl.local.ports import Ports
from gwctl.local.supervisor import detached, running
from gwctl.local.supervisor.aws import Aws
from gwctl.local.supervisor.options import UpOptions

if TYPE_CHECKING:
    from gwctl.local.supervisor.status import Status

CLIENTS_FILE: Final = "deployed-clients.yaml"
_HEAD: Final = "# Written by `gwctl deploy`: the clients of the user pool that may call models. Do not edit.\n"


def data_of(place: Place) -> DataDir:
    """Its data directory."""
    return DataDir(place.work / "gateway")


def start(place: Place, applied: Applied, changed: "Callable[[Status], None]") -> "Status":
    """Start it anew with the clients that are deployed now. Raises UserError: it does not come up."""
    data = data_of(place)
    running.stop(data)
    data.create()
    deployed = clients_of(applied)
    policy = data.root / "policy"
    policy.mkdir(mode=0o700, exist_ok=True)
    default_policy.ensure_policy(policy / "policy.yaml", LOCAL_CLIENT, [])
    write_atomically(policy / CLIENTS_FILE, _documents(deployed).encode())
    cloud = data.run / "cloud.json"
    aws_of(applied).write(cloud)
    ports = Ports(data.ports)
    options = UpOptions(port=ports.choose("edge"), admin_port=ports.choose("admin"), policy=policy, cloud=cloud)
    return detached.start(options, data, changed)


def aws_of(applied: Applied) -> Aws:
    """The emulated AWS, and what is whose in it. Raises UserError."""
    options = client_options(applied)
    return Aws(
        endpoint=options["endpoint_url"],
        region=options["region_name"],
        access_key=options["aws_access_key_id"],
        secret_key=options["aws_secret_access_key"],
        admin=admin_settings(applied).model_dump(exclude_none=True),
        agent=agent_settings(applied),
    )


def stop(place: Place) -> bool:
    """Stop it; says whether it ran."""
    return running.stop(data_of(place))


def _documents(deployed: list[DeployedClient]) -> str:
    clients = [
        {"id": client.client_id, "team": "default", "name": f"{client.name} of the user pool"}
        for client in deployed
        if client.may_invoke
    ]
    return _HEAD + yaml.safe_dump({"clients": clients}, sort_keys=False)
