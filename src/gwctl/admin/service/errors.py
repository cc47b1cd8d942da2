"""What the admin API answers when it does not do what it was asked: one class, one shape.

A message is one sentence that names the value; `details` names document, field and fix of each problem.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gwctl.audit.policy_changes import AuditRecord
from gwctl.policy.errors import Problem
from gwctl.policy.state import NOUNS, SECTIONS, Section, State, Stored

MAX_DETAILS = 100


@dataclass(frozen=True)
class Detail:
    """One problem; the last three say who wrote the version that stands in the way."""

    document: str = ""
    field: str = ""
    message: str = ""
    fix: str = ""
    version: int | None = None
    changed_by: str | None = None
    changed_at: datetime | None = None


class AdminError(Exception):
    """An answer with a 4xx or 5xx status. `code` is stable, the message is not."""

    def __init__(self, status: int, code: str, message: str, details: Iterable[Detail] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)


def bad_request(message: str) -> AdminError:
    """What was sent is not JSON, or not HTTP as this API speaks it."""
    return AdminError(400, "bad_request", message)


def forbidden(message: str) -> AdminError:
    """The token does not give this right."""
    return AdminError(403, "forbidden", message)


def not_found(section: Section, document_id: str) -> AdminError:
    """There is no such document."""
    return AdminError(404, "not_found", f"there is no {NOUNS[section]} {document_id!r}")


def gone(section: Section, document_id: str) -> AdminError:
    """`If-Match` on a document that is not there (any more)."""
    detail = Detail(f"{section}/{document_id}", "", "does not exist", "leave If-Match away to create it")
    message = f"{NOUNS[section]} {document_id!r} does not exist, so it has no version to match"
    return AdminError(409, "conflict", message, [detail])


def conflict(section: Section, document_id: str, stored: Stored) -> AdminError:
    """The document is another one than the caller has seen."""
    what, when = f"{NOUNS[section]} {document_id!r}", _time(stored.changed_at)
    return AdminError(
        409,
        "conflict",
        f"{what} was changed by {stored.changed_by} on {when}; its version is {stored.version} now",
        [_standing(section, document_id, stored, "was changed", "read it again and repeat the change on top of it")],
    )


def precondition_required(section: Section, document_id: str, stored: Stored) -> AdminError:
    """A change of an existing document that does not say which version it is based on."""
    fix = f'send If-Match: "{stored.version}" (or If-Match: * to replace whatever is there)'
    return AdminError(
        428,
        "precondition_required",
        f"{NOUNS[section]} {document_id!r} exists already; say with If-Match which version the change is based on",
        [_standing(section, document_id, stored, "exists", fix)],
    )


def invalid(
    problems: Iterable[Problem], message: str = "the change does not compile, nothing was changed"
) -> AdminError:
    """The documents would have problems."""
    listed = list(problems)
    details = [Detail(p.document, p.field, p.message, p.fix) for p in listed[:MAX_DETAILS]]
    more = len(listed) - len(details)
    if more > 0:
        message = f"{message}; {more} more problems are not listed"
    return AdminError(422, "invalid", message, details)


def referenced(section: Section, document_id: str, problems: Sequence[Problem]) -> AdminError:
    """A document that others need cannot go. The problems are those that they would have."""
    users = sorted({problem.document for problem in problems})
    named = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
    answer = invalid(problems)
    message = f"{NOUNS[section]} {document_id!r} is still used by {named}; change those first"
    return AdminError(422, "referenced", message, answer.details)


def moved(based_on: int, state: State, newest: AuditRecord | None) -> AdminError:
    """The policy is another one than the caller has seen; the details are what was changed since."""
    message = f"the policy's version is {state.version} now, not {based_on}"
    if newest:
        message = f"the policy was changed by {newest.actor} on {_time(newest.time)}; {message}"
    details = [
        _standing(section, name, stored, "was changed", "read it again and repeat the change on top of it")
        for section in SECTIONS
        for name, stored in state.sections[section].items()
        if stored.version > based_on
    ]
    return AdminError(409, "conflict", message, details[:MAX_DETAILS])


def too_many(count: int) -> AdminError:
    """More documents change at once than one record can hold."""
    message = (
        f"{count:,} documents change at once, which is more than one change can record; apply them in several parts"
    )
    return AdminError(422, "too_many", message)


def busy() -> AdminError:
    """Others changed the policy again and again while this change was tried."""
    return AdminError(503, "busy", "too many changes at once; nothing was changed, send the request again")


def unavailable(what: str) -> AdminError:
    """A service behind the API does not answer."""
    return AdminError(503, "unavailable", f"{what} cannot be reached; send the request again")


def no_ledger() -> AdminError:
    """The settings name no ledger, so nobody can say what is spent."""
    return AdminError(
        503, "no_ledger", "this admin API has no ledger to read; name its table in the settings: tables.ledger"
    )


def not_published(version: int) -> AdminError:
    """The change is stored; the snapshot is not in force yet."""
    return AdminError(
        503,
        "not_published",
        f"the change is stored as policy version {version} but not in force yet; send the same request again",
    )


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _standing(section: Section, document_id: str, stored: Stored, message: str, fix: str) -> Detail:
    where = f"{section}/{document_id}"
    return Detail(where, "", message, fix, stored.version, stored.changed_by, stored.changed_at)
