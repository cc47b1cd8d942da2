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
    notify_url: str | None = None
    otlp_endpoint: str | None = None
    policy: Path | None = None
    upstreams: Mapping[str, str] = field(default_factory=dict[str, str])
    database: str | None = None
    """Another database than the file in the data directory."""
    cloud: Path | None = None
    """The file that describes an AWS to keep everything in instead; see `gwctl.local.supervisor.aws`."""

    def as_json(self) -> dict[str, Any]:
        """A JSON object."""
        paths = {"policy": self.policy, "cloud": self.cloud}
        return {**asdict(self), **{name: str(path) if path else None for name, path in paths.items()}}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "UpOptions":
        """What `as_json` gave."""
        paths = {name: document.get(name) for name in ("policy", "cloud")}
        return cls(**{**document, **{name: Path(path) if path else None for name, path in paths.items()}})
