"""An AWS that another program has furnished, for a local gateway to live in. In: a file. Out: a `Stack` that uses it.

`gwctl deploy local` writes the file from Terraform's outputs: the gateway of this machine then has the tables, buckets,
stream and secrets of the deployment, and no local AWS of its own.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically
from gwctl.edge.settings import EdgeSettings
from gwctl.local.supervisor.keeper import Part
from gwctl.local.supervisor.stack import AGENT_CONFIG, Stack
from gwctl.policy.documents import Provider
from gwctl.stores.aws import local_names as aws_names


@dataclass(frozen=True)
class Cloud:
    """`admin`: the fields of the admin API's settings, `agent`: those of AgentSettings that name resources."""

    endpoint: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    admin: Mapping[str, Any]
    agent: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Cloud":
        """Raises UserError: there is no such file, or it is something else."""
        try:
            return cls(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise UserError(f"{path} does not describe an AWS to use ({error}); deploy again") from error

    def write(self, path: Path) -> None:
        """Replace the file, readable by the owner alone."""
        write_atomically(path, json.dumps(asdict(self), indent=1).encode())

    @property
    def variables(self) -> dict[str, str]:
        """What makes every SDK in a process use it, and nothing else."""
        own = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return aws_names.variables(self.endpoint, self.access_key) | own

    def store_secrets(self, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Put providers' secrets into its Secrets Manager; returns provider id to the name of the secret.

        Those that the deployment has made stay empty until they are given a value, as in a deployment.
        """
        from gwctl.stores.aws.secrets import ProviderSecretStore

        store = ProviderSecretStore(
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )
        names: dict[str, str] = dict(self.agent["provider_secrets"])
        for provider, fields in secrets.items():
            name = names.setdefault(provider, f"{self.agent['deployment']}/providers/{provider}")
            store.write(name, fields)
        return names


@dataclass(frozen=True, kw_only=True)
class CloudStack(Stack):
    """The parts of a gateway that has no local AWS: admin API and agent use `cloud`."""

    cloud: Cloud

    @property
    def has_own_aws(self) -> bool:  # noqa: D102 - see Stack
        return False

    def admin(self, port: int, aws_port: int, issuer_port: int, providers: Iterable[Provider]) -> Part:  # noqa: D102
        part = super().admin(port, aws_port, issuer_port, providers)
        config = json.loads(self.data.admin_config.read_bytes())
        config |= {
            "aws_url": self.cloud.endpoint,
            "aws_access_key": self.cloud.access_key,
            "furnish": False,
            "region": self.cloud.region,
            "settings": self.cloud.admin,
        }
        write_atomically(self.data.admin_config, json.dumps(config, indent=1).encode())
        return part

    def agent(self, edge: EdgeSettings, aws_port: int) -> Part:  # noqa: D102
        part = super().agent(edge, aws_port)
        config = self.data.run / AGENT_CONFIG
        settings = json.loads(config.read_bytes())
        secrets = json.loads(self.data.provider_secrets.read_bytes()) if self.data.provider_secrets.exists() else {}
        settings |= {**self.cloud.agent, "provider_secrets": self.cloud.store_secrets(secrets), "secrets_path": None}
        write_atomically(config, json.dumps(settings, indent=1).encode())
        return dataclasses.replace(part, env={**part.env, **self.cloud.variables})
