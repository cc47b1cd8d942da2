"""All policy documents at one policy version, with who changed each of them and when. Pure.

A document's version is the policy version that wrote it. So versions never repeat, not even for a document that was
deleted and made again.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Self, TypeAlias

from gwctl.policy.documents import (
    Budget,
    Client,
    Documents,
    PriceOverride,
    Provider,
    Route,
    ScannerRule,
    Team,
)
from gwctl.policy.keys import Key
from gwctl.policy.kinds import KINDS
from gwctl.policy.kinds import SECTIONS as SECTIONS
from gwctl.policy.kinds import Section as Section

PolicyDocument: TypeAlias = Route | Team | Client | Key | Budget | ScannerRule | PriceOverride

MODELS: Final[dict[Section, type[PolicyDocument]]] = {
    "routes": Route,
    "teams": Team,
    "clients": Client,
    "keys": Key,
    "budgets": Budget,
    "scanner": ScannerRule,
    "pricing": PriceOverride,
}

NOUNS: Final[dict[Section, str]] = {kind.section: kind.noun for kind in KINDS}


class StateError(Exception):
    """What is stored is not what this version of the software wrote or can read."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A document, the policy version that wrote it, and by whom and when that was."""

    document: PolicyDocument
    version: int
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """Puts `document` under `id`, or deletes what is there when it is None."""

    section: Section
    id: str
    document: PolicyDocument | None

    @property
    def label(self) -> str:
        """`<section>/<id>`, as problems name documents."""
        return f"{self.section}/{self.id}"


@dataclass(frozen=True)
class Head:
    """Where the policy stands: its version (0: nothing was ever written) and the hash of the last audit record."""

    version: int = 0
    audit_sha256: str = ""


@dataclass(frozen=True)
class State:
    """See the module. `sections` has every section; what is in it is keyed by document id."""

    head: Head = Head()
    sections: Mapping[Section, Mapping[str, Stored]] = field(default_factory=lambda: {name: {} for name in SECTIONS})

    @property
    def version(self) -> int:
        """The policy version."""
        return self.head.version

    def get(self, section: Section, document_id: str) -> Stored | None:
        """The document, None when there is none."""
        return self.sections[section].get(document_id)

    def documents(self, providers: Iterable[Provider] = ()) -> Documents:
        """What compile reads."""
        tuples: dict[str, Any] = {
            name: tuple(stored.document for stored in entries.values()) for name, entries in self.sections.items()
        }
        return Documents(providers=tuple(providers), **tuples)

    def with_changes(self, changes: Iterable[Change], head: Head, by: str, at: datetime) -> Self:
        """The state after these changes, which were made by `by` at `at` and brought the policy to `head`."""
        made = list(changes)
        touched: set[Section] = {change.section for change in made}
        copied: dict[Section, dict[str, Stored]] = {section: dict(self.sections[section]) for section in touched}
        for change in made:
            if change.document is None:
                copied[change.section].pop(change.id, None)
            else:
                copied[change.section][change.id] = Stored(change.document, head.version, by, at)
        return type(self)(head, {**self.sections, **copied})

    def to_archive(self) -> bytes:
        """Everything, as gzipped JSON: what `from_archive` reads."""
        entries = {name: list(self.sections[name].values()) for name in SECTIONS}
        meta = {
            name: [[stored.version, stored.changed_by, stored.changed_at.isoformat()] for stored in stored_list]
            for name, stored_list in entries.items()
        }
        head = {"version": self.head.version, "audit_sha256": self.head.audit_sha256}
        start = json.dumps({"head": head, "meta": meta}, separators=(",", ":")).removesuffix("}")
        documents = self.documents().model_dump_json(exclude={"providers"})
        # Without a time of its own, equal states give equal bytes.
        return gzip.compress(f'{start},"documents":{documents}}}'.encode(), compresslevel=1, mtime=0)

    @classmethod
    def from_archive(cls, data: bytes) -> Self:
        """Raises StateError when the bytes are something else."""
        try:
            content = json.loads(gzip.decompress(data))
            documents = Documents.model_validate(content["documents"])
            sections: dict[Section, dict[str, Stored]] = {}
            for name in SECTIONS:
                pairs = zip(getattr(documents, name), content["meta"].get(name, ()), strict=True)
                sections[name] = {
                    document.id: Stored(document, int(version), str(by), _time(at))
                    for document, (version, by, at) in pairs
                }
            head = Head(int(content["head"]["version"]), str(content["head"]["audit_sha256"]))
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise StateError(f"the archive of the policy documents cannot be read: {error}") from error
        return cls(head, sections)


@lru_cache(maxsize=1024)
def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def to_json(document: PolicyDocument) -> str:
    """The JSON in which a document is stored; numbers with a fraction are strings there, so that they stay exact."""
    return document.model_dump_json()


def sha256_of(document: PolicyDocument | None) -> str | None:
    """The hex digest of the stored JSON; None for no document."""
    return None if document is None else hashlib.sha256(to_json(document).encode()).hexdigest()
