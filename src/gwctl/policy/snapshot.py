"""The policy snapshot: one immutable JSON document with all that the edge and the agent enforce.

A snapshot is complete and self-consistent: every name in it resolves inside it. Its content hash covers all
but the version and the hash itself, so equal policies have equal hashes wherever and whenever they were compiled.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from gwctl.core.keys import KeyId
from gwctl.core.names import Action, Alias, Api, ClientId, Lane, Period, Slug, Unit
from gwctl.policy.documents import CircuitBreaker, Provider, Retries, ScannerRule
from gwctl.policy.keys import KeySecret
from gwctl.pricing.prices import Price


class SnapshotError(Exception):
    """The bytes are not a snapshot, or not the one that their content hash names."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TargetNode(_Part):
    """A leaf of a variant's tree: one model of one provider. `price` is its key in `Snapshot.prices`."""

    type: Literal["target"] = "target"
    provider: Slug
    model: str
    weight: int = 1
    price: str | None = None
    max_output_tokens: int | None = None
    retries: Retries
    timeout_seconds: int


class GroupNode(_Part):
    """An inner node: `fallback` tries its targets in order on the given statuses, `weighted` picks one."""

    type: Literal["group"] = "group"
    strategy: Literal["fallback", "weighted"]
    on: tuple[int, ...] = ()
    targets: "tuple[Node, ...]" = Field(min_length=1)


Node = Annotated[TargetNode | GroupNode, Field(discriminator="type")]


def targets_of(node: Node) -> Iterator[TargetNode]:
    """The leaves of a variant's tree, from first to last."""
    if isinstance(node, GroupNode):
        for child in node.targets:
            yield from targets_of(child)
    else:
        yield node


class LaneChoice(_Part):
    """The lane of an API, and why."""

    lane: Lane
    reason: str


class Variant(_Part):
    """A route's targets restricted to those that can serve some APIs, with the scanner rules in force.

    `tree` is what is tried in which order, on either lane. An API that `lanes` does not name is Portkey's.
    """

    route: Alias
    apis: tuple[Api, ...]
    tree: Node
    scanner: tuple[Slug, ...] = ()
    # Left out where there is none, so that the hashes of older snapshots hold.
    circuit_breaker: CircuitBreaker | None = Field(default=None, exclude_if=lambda value: value is None)

    drop_unsupported: bool = Field(default=False, exclude_if=lambda value: not value)
    lanes: dict[Api, LaneChoice] = Field(default_factory=dict[Api, LaneChoice], exclude_if=lambda value: not value)

    def is_express(self, api: Api) -> bool:
        """Whether the edge sends requests of this API to the provider itself."""
        return api in self.lanes and self.lanes[api].lane == "express"

    def target_at(self, path: Sequence[int]) -> TargetNode | None:
        """The leaf at a path of indices from the root; None when the path ends elsewhere."""
        node: Node = self.tree
        for index in path:
            if isinstance(node, TargetNode) or index >= len(node.targets):
                return None
            node = node.targets[index]
        return node if isinstance(node, TargetNode) else None


class Profile(_Part):
    """What a set of teams may use: alias → API → variant id. An API that is absent cannot be served."""

    models: dict[Alias, dict[Api, str]]


class TeamEntry(_Part):
    """A team as the edge knows it."""

    profile: str
    enabled: bool
    name: str = ""
    tags: dict[str, str] = Field(default_factory=dict)


class ClientEntry(_Part):
    """A client as the edge knows it."""

    team: Slug
    enabled: bool
    profile: str | None = Field(
        default=None, exclude_if=lambda value: value is None, description="Of a key that may use less than its team"
    )


class KeyEntry(_Part):
    """What is checked of a virtual key; the rest is its entry among the clients."""

    secrets: tuple[KeySecret, ...]
    expires: AwareDatetime | None = None
    networks: tuple[str, ...] = ()


class Quota(_Part):
    """A limit on a scope. `unit` says what `limit` counts: nano-dollars, tokens or requests."""

    scope: str = Field(description="gateway, team:ID, client:ID, key:ID or team:ID/model:ALIAS")
    unit: Unit
    limit: int
    period: Period
    timezone: str
    action: Action
    notify_at: tuple[int, ...]


class Snapshot(_Part):
    """See the module. Keys are ids; `prices` keys are `<provider>/<model>`."""

    schema_version: Literal[1] = 1
    version: int = Field(ge=0, description="Grows with every change; set by whoever stores the snapshot")
    content_hash: str
    providers: dict[Slug, Provider]
    variants: dict[str, Variant]
    profiles: dict[str, Profile]
    teams: dict[Slug, TeamEntry]
    clients: dict[ClientId, ClientEntry]
    keys: dict[KeyId, KeyEntry] = Field(default_factory=dict, exclude_if=lambda value: not value)
    quotas: dict[Slug, Quota]
    scanner: dict[Slug, ScannerRule]
    prices: dict[str, Price]

    @property
    def label(self) -> str:
        """Version and the start of the hash, as the usage log carries it: `12.3fa94c01`."""
        return f"{self.version}.{self.content_hash.removeprefix('sha256:')[:8]}"

    def to_json(self) -> bytes:
        """Canonical JSON: sorted keys, no spaces, UTF-8. Equal snapshots give equal bytes."""
        return _canonical(self.model_dump(mode="json"))

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Reads what `to_json` wrote and checks the content hash; SnapshotError says what is wrong."""
        try:
            snapshot = cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "document"
            raise SnapshotError(f"policy snapshot: {where}: {first['msg']}") from error
        found = snapshot.compute_hash()
        if found != snapshot.content_hash:
            raise SnapshotError(f"policy snapshot: content hash is {found}, the document says {snapshot.content_hash}")
        return snapshot

    def compute_hash(self) -> str:
        """The hash over everything but the version and the hash itself."""
        content = self.model_dump(mode="json", exclude={"version", "content_hash"})
        return f"sha256:{hashlib.sha256(_canonical(content)).hexdigest()}"


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
