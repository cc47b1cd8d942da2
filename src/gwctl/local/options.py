"""What `gwctl up` was told, as the command line, the supervisor and a later `up` see it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class UpOptions:
    """Options of one run. `policy`: None is the file in the data directory; `token_port`: None is any free port."""

    port: int = 8080
    admin_port: int = 8081
    token_port: int | None = None
    max_request_mib: int = 32
    policy: Path | None = None
    upstreams: Mapping[str, str] = field(default_factory=dict[str, str])

    def as_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {**asdict(self), "policy": str(self.policy) if self.policy else None}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "UpOptions":
        """What `as_json` gave."""
        policy = document["policy"]
        return cls(**{**document, "policy": Path(policy) if policy else None})
