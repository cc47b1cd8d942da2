"""What an apply gave: the seam to everything that works with a deployed environment.

In: Terraform's outputs. Out: `Applied`, kept in `.gwctl/environments/NAME/applied.json` (0600), which `gwctl up`,
`gwctl token --env` and the admin commands read to find an environment's tables, buckets, clients and endpoints.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gwctl.core.errors import UserError
from gwctl.environments.project import Place
from gwctl.environments.terraform.workspace import Target


@dataclass(frozen=True)
class Applied:
    """An environment as it was built. `endpoint` is the URL of the emulated AWS, None for the real one."""

    environment: str
    account_id: str
    region: str
    endpoint: str | None
    outputs: Mapping[str, Any]
    """Output name → value, as infrastructure/outputs.tf describes them; sensitive ones are left out."""
    sensitive: tuple[str, ...] = field(default=())
    """Names of the outputs that were left out."""

    @classmethod
    def of(cls, target: Target, terraform: Mapping[str, Any]) -> "Applied":
        """From what `terraform output -json` gave."""
        return cls(
            environment=target.name,
            account_id=target.environment.account_id,
            region=target.environment.region,
            endpoint=target.endpoint,
            outputs={name: each["value"] for name, each in terraform.items() if not each["sensitive"]},
            sensitive=tuple(sorted(name for name, each in terraform.items() if each["sensitive"])),
        )

    @classmethod
    def read(cls, place: Place) -> "Applied":
        """Raises UserError: nothing has been applied from this checkout, or the file is something else."""
        try:
            document = json.loads(place.applied.read_text(encoding="utf-8"))
            return cls(**{**document, "sensitive": tuple(document["sensitive"])})
        except FileNotFoundError:
            raise UserError(
                f"nothing is known here of what {place.name} was built into; run `gwctl outputs {place.name}`, "
                f"or `gwctl deploy {place.name}` if it has not been built"
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{place.applied} cannot be used ({error}); `gwctl outputs {place.name}` writes it anew"
            ) from error

    def write(self, place: Place) -> None:
        """Replace the file."""
        from gwctl.core.files import write_atomically

        place.create_work()
        write_atomically(place.applied, json.dumps(asdict(self), indent=2).encode() + b"\n")

    def output(self, name: str) -> Any:
        """One output. Raises UserError: there is none of that name."""
        if name not in self.outputs:
            raise UserError(f"{self.environment} has no output {name}; known are {', '.join(sorted(self.outputs))}")
        return self.outputs[name]
