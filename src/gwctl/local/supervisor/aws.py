"""The AWS that a local gateway lives in when another program has furnished one. Out: what its admin API and its agent
have to know of it.

`gwctl deploy local` writes the file from Terraform's outputs: the gateway of this machine then has the tables, buckets,
stream and secrets of the deployment. Any other local gateway has a database (`own`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically
from gwctl.stores.aws import local_names as aws_names


@dataclass(frozen=True)
class Aws:
    """`admin`: the fields of the admin API's settings, `agent`: those of AgentSettings that name resources.

    Tables, buckets and stream are there, and it has the providers' secrets.
    """

    endpoint: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    admin: Mapping[str, Any]
    agent: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Aws":
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

    def admin_config(self) -> dict[str, Any]:
        """The fields of the admin server's configuration that say where it is and what it has."""
        where = {"aws_url": self.endpoint, "aws_access_key": self.access_key, "region": self.region}
        return where | {"furnish": False, "settings": self.admin}

    def agent_config(self, secrets_file: Path) -> dict[str, Any]:
        """The fields of AgentSettings that name resources. `secrets_file` has the providers' secrets, if it exists."""
        secrets = json.loads(secrets_file.read_bytes()) if secrets_file.exists() else {}
        return {**self.agent, "provider_secrets": self.store_secrets(secrets)}

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
