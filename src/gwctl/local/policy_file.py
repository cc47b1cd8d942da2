"""The policy file of a local gateway, watched and compiled.

In: a YAML file (or a directory of them), the offered providers. Out: `state/snapshot.json`, replaced atomically
whenever what the file says has changed; or the problems that keep it from compiling, and then nothing is replaced.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from gwctl.agent.files import write_atomically
from gwctl.local.providers import Offer, merge, secrets_of, with_upstreams
from gwctl.policy.compile import compile_policy
from gwctl.policy.errors import PolicyError
from gwctl.policy.loader import load_documents
from gwctl.policy.snapshot import Snapshot, SnapshotError

Fingerprint = tuple[date, tuple[tuple[str, int, int, int], ...]]


@dataclass(frozen=True)
class Additions:
    """What comes into the policy beside the file: providers on offer, `--upstream`, the variables with secrets."""

    offers: Sequence[Offer]
    upstreams: Mapping[str, str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Compiled:
    """A snapshot, and provider id → secret fields."""

    snapshot: Snapshot
    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)


class PolicyFile:
    """The file at `path`. `snapshot` is the policy in force, None before the first one compiled."""

    def __init__(self, path: Path, snapshot_path: Path, secrets_path: Path) -> None:
        self.path = path
        self._snapshot_path = snapshot_path
        self._secrets_path = secrets_path
        self._seen: Fingerprint | None = None
        self.snapshot: Snapshot | None = None
        with suppress(OSError, SnapshotError):
            self.snapshot = Snapshot.from_json(snapshot_path.read_bytes())

    def changed(self) -> bool:
        """Whether the file, or the day whose prices hold, is another one than at the last `compile`. Cheap."""
        return self._fingerprint() != self._seen

    def compile(self, additions: Additions) -> Compiled:
        """What the file says now, with the additions. Writes nothing.

        The version is the last one plus 1, or the last one if nothing changed. Raises PolicyError, and UserError
        when an `--upstream` does not fit.
        """
        self._seen = self._fingerprint()
        in_file = load_documents(self.path)
        offers = with_upstreams(in_file, additions.offers, additions.upstreams)
        documents = merge(in_file, offers, additions.upstreams)
        today = datetime.now(UTC).date()
        last = self.snapshot
        snapshot = compile_policy(documents, version=last.version + 1 if last else 1, on=today)
        if last and last.content_hash == snapshot.content_hash:
            snapshot = last
        return Compiled(snapshot, secrets_of(documents, offers, additions.environment))

    def publish(self, compiled: Compiled) -> None:
        """Put a compiled policy where the agent reads it."""
        # The secrets first: a snapshot that names a provider must find its secret.
        _replace(self._secrets_path, json.dumps(compiled.secrets, sort_keys=True).encode())
        _replace(self._snapshot_path, compiled.snapshot.to_json())
        self.snapshot = compiled.snapshot

    def _fingerprint(self) -> Fingerprint:
        files = sorted(self.path.glob("*.yaml")) if self.path.is_dir() else [self.path]
        entries: list[tuple[str, int, int, int]] = []
        for file in files:
            with suppress(OSError):  # while an editor replaces it, it is missing for a moment
                status = file.stat()
                entries.append((file.name, status.st_ino, status.st_size, status.st_mtime_ns))
        return datetime.now(UTC).date(), tuple(entries)


def problems_of(error: PolicyError) -> list[str]:
    """One line for each problem."""
    return [str(problem) for problem in error.problems]


def _replace(path: Path, data: bytes) -> None:
    with suppress(OSError):
        if path.read_bytes() == data:
            return
    write_atomically(path, data)
