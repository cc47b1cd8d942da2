"""The policy file of a local gateway, watched and read.

In: a YAML file (or a directory of them), the offered providers. Out: what it says (`Loaded`), whenever that may have
changed. What becomes of it is decided in the policy store (`file_policy`).
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from gwctl.local.policy.file_call import FileContent
from gwctl.local.policy.providers import Offer, merge, secrets_of, with_upstreams
from gwctl.policy.errors import Problem
from gwctl.policy.loader import load_documents, located

Fingerprint = tuple[date, tuple[tuple[str, int, int, int], ...]]


@dataclass(frozen=True)
class Additions:
    """What comes into the policy beside the file: providers on offer, `--upstream`, the variables with secrets."""

    offers: Sequence[Offer]
    upstreams: Mapping[str, str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Loaded:
    """What the file says; provider id → what gave rise to it, and → its secret fields."""

    content: FileContent
    sources: Mapping[str, str]
    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)


class PolicyFile:
    """The file at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: Fingerprint | None = None

    def changed(self) -> bool:
        """Whether the file, or the day whose prices hold, is another one than at the last `load`. Cheap."""
        return self._fingerprint() != self._seen

    def forget(self) -> None:
        """Let `changed` be true, so that it is loaded again."""
        self._seen = None

    def load(self, additions: Additions) -> Loaded:
        """What the file says now, with the additions.

        Raises PolicyError, and UserError when an `--upstream` does not fit.
        """
        self._seen = self._fingerprint()
        in_file = load_documents(self.path)
        offers = with_upstreams(in_file, additions.offers, additions.upstreams)
        documents = merge(in_file, offers, additions.upstreams)
        content = FileContent(providers=documents.providers, documents=documents.model_copy(update={"providers": ()}))
        sources = {offer.provider.id: offer.source for offer in offers}
        sources |= {each.id: self.path.name for each in in_file.providers if each.id not in additions.upstreams}
        return Loaded(content, sources, secrets_of(documents, offers, additions.environment))

    def located(self, problems: Iterable[Problem]) -> list[str]:
        """One line for each problem, with the place in the file where it is."""
        return [str(problem) for problem in located(self.path, problems)]

    def _fingerprint(self) -> Fingerprint:
        files = sorted(self.path.glob("*.yaml")) if self.path.is_dir() else [self.path]
        entries: list[tuple[str, int, int, int]] = []
        for file in files:
            with suppress(OSError):  # while an editor replaces it, it is missing for a moment
                status = file.stat()
                entries.append((file.name, status.st_ino, status.st_size, status.st_mtime_ns))
        return datetime.now(UTC).date(), tuple(entries)
