"""What is known about a running gateway: built by the supervisor, kept in `run/status.json`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

PartState = Literal["waiting", "starting", "running", "restarting", "stopped"]
State = Literal["starting", "ready", "stopping", "stopped", "failed"]


@dataclass
class PartStatus:
    """One part. `detail` says what is not as it should be."""

    name: str
    state: PartState = "waiting"
    pid: int | None = None
    port: int | None = None
    restarts: int = 0
    detail: str = ""


@dataclass
class PolicyStatus:
    """The policy by version and hash: `label` is published, `applied` in force at the edge.

    `problems` keep a newer file from being published, `rejected` a published policy from being applied, `source` says
    why the agent cannot read what is published.
    """

    path: str = ""
    label: str = ""
    applied: str = ""
    rejected: str = ""
    source: str = ""
    problems: list[str] = field(default_factory=list[str])


@dataclass
class ProviderStatus:
    """A provider. `source` names the variable, the option or the policy file that gave rise to it, never a secret.

    `base_url` is empty where the provider's own is used.
    """

    id: str
    kind: str
    source: str
    has_secret: bool = True
    base_url: str = ""


@dataclass
class Status:
    """Everything. `started` is an RFC 3339 time, `ready_seconds` how long the start took."""

    state: State = "starting"
    pid: int = 0
    started: str = ""
    ready_seconds: float | None = None
    gateway_url: str = ""
    admin_url: str = ""
    parts: list[PartStatus] = field(default_factory=list[PartStatus])
    policy: PolicyStatus = field(default_factory=PolicyStatus)
    providers: list[ProviderStatus] = field(default_factory=list[ProviderStatus])
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `as_json` gave. Raises TypeError or KeyError when it is something else."""
        return cls(
            **{
                **document,
                "parts": [PartStatus(**part) for part in document["parts"]],
                "policy": PolicyStatus(**document["policy"]),
                "providers": [ProviderStatus(**provider) for provider in document["providers"]],
            }
        )

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The status in a file, None when there is none that can be read."""
        try:
            return cls.from_json(json.loads(path.read_text()))
        except (OSError, ValueError, TypeError, KeyError):
            return None
