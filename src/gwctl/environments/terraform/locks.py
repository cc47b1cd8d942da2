"""The lock on an environment's state. In: a target. Out: who holds it, if anybody does.

Terraform's S3 backend with use_lockfile keeps it as an object beside the state, with JSON inside.
"""

import json
from dataclasses import dataclass
from typing import Final

from gwctl.environments.terraform.aws import clients
from gwctl.environments.terraform.workspace import Target
from gwctl.stores.aws.clients import AWS_ERRORS

SUFFIX: Final = ".tflock"


@dataclass(frozen=True)
class Lock:
    """A lock. All of it as Terraform wrote it."""

    id: str
    who: str
    operation: str
    created: str

    def __str__(self) -> str:
        return f"lock {self.id} by {self.who} ({self.operation}, {self.created})"


def current(target: Target) -> Lock | None:
    """The lock that is on the state now. None also when it cannot be asked for."""
    s3 = clients(target)("s3", target.environment.state_region)
    try:
        answer = s3.get_object(Bucket=target.environment.state.bucket, Key=f"{target.state_key}{SUFFIX}")
        document = json.loads(answer["Body"].read())
    except (*AWS_ERRORS, ValueError):
        return None
    return Lock(
        id=str(document.get("ID", "?")),
        who=str(document.get("Who", "?")),
        operation=str(document.get("Operation", "?")),
        created=str(document.get("Created", "?")),
    )
