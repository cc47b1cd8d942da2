"""What a policy file says, brought into the policy store. Runs in the local admin API, the store's only writer.

In: the documents of the file and the providers on offer. Out: the policy in force, or the problems that keep it as it
was. The file owns what it names, as long as it names it; everything else belongs to the admin API (docs/adr/0033).

What the file said when it was applied last is kept beside the snapshots, so it is kept and lost with the store.
"""

import hashlib
import logging
from collections.abc import Iterator
from typing import Any, Final

from gwctl.admin.service.apply import Label
from gwctl.admin.service.changes import Actor, PolicyProblems
from gwctl.admin.service.errors import AdminError
from gwctl.admin.service.runtime import Runtime
from gwctl.local.policy.file_call import FileContent, FileOutcome
from gwctl.policy.documents import Documents
from gwctl.policy.errors import Problem
from gwctl.policy.state import SECTIONS, Section, State
from gwctl.stores.interfaces import FileRecord, FileRecordStore, UnavailableError

log = logging.getLogger("gwctl.admin.file")

ACTOR: Final = Actor("policy.yaml", "file")


class FilePolicy:
    """One at a time, and not beside other writers: it changes the publisher's providers."""

    def __init__(self, runtime: Runtime, records: FileRecordStore) -> None:
        self._runtime = runtime
        self._records = records

    def apply(self, content: FileContent) -> FileOutcome:
        """Brings the content into force, or leaves everything as it was."""
        publisher = self._runtime.publisher
        before, publisher.providers = publisher.providers, content.providers
        try:
            difference = self._follow(content.documents)
            return FileOutcome(label=self._label(), difference=tuple(difference))
        except (AdminError, UnavailableError) as error:
            publisher.providers = before
            log.warning("the policy file is not in force: %s", error)
            return FileOutcome(details=_problems(error))
        except BaseException:
            publisher.providers = before
            raise

    def _follow(self, documents: Documents) -> list[str]:
        """Applies what is new in the file; then whatever else has changed: providers, the prices of the day."""
        last = self._records.read()
        digest = hashlib.sha256(documents.model_dump_json().encode()).hexdigest()
        words: list[str] = []
        if digest != last.sha256:
            named = frozenset(_named(documents))
            before = self._runtime.service.load()
            # First: whoever is cut off after the change must find what the file named before and now.
            self._records.write(FileRecord("", last.named | named))
            try:
                outcome = self._runtime.applier.follow(documents, last.named, ACTOR)
            except BaseException:
                self._records.write(last)
                raise
            self._records.write(FileRecord(digest, named))
            words = [*_overruled(before, documents), *outcome.difference]
        self._runtime.history.republish(ACTOR)
        return words

    def _label(self) -> str:
        newest = self._runtime.documents.records(limit=1)[0]
        return f"{newest.version}.{newest.policy_sha256[:8]}"


def _named(documents: Documents) -> Iterator[Label]:
    for section in SECTIONS:
        for document in getattr(documents, section):
            yield section, document.id


def _overruled(before: State, documents: Documents) -> Iterator[str]:
    """What somebody had set by the admin API and the file now says otherwise."""
    for section, name in _named(documents):
        stored = before.get(section, name)
        theirs = stored and stored.changed_by != ACTOR.client_id
        if stored and theirs and stored.document != _find(documents, section, name):
            yield f"{section}/{name}: the file replaces what {stored.changed_by} set at {stored.changed_at:%F %T} UTC"


def _find(documents: Documents, section: Section, name: str) -> Any:
    return next(document for document in getattr(documents, section) if document.id == name)


def _problems(error: Exception) -> tuple[Problem, ...]:
    match error:
        case PolicyProblems():
            return tuple(sorted(set(error.cause.problems)))
        case AdminError():
            found = tuple(Problem(each.document, each.field, each.message, each.fix) for each in error.details)
            return found or (Problem("", "", error.message, ""),)
        case _:
            return (Problem("", "", f"what is stored cannot be reached: {error}", ""),)
