"""An order in which many changes can be made a few at a time, so that the policy compiles after each step. Pure.

In: changes, and the documents that are to go. Out: steps of at most MAX_CHANGES: a document comes after those that it
names, and goes before them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from gwctl.policy.documents import Budget, Client, PriceOverride, Route, ScannerRule, Team
from gwctl.policy.state import SECTIONS, Change, PolicyDocument, Section
from gwctl.stores.interfaces import MAX_CHANGES

Key = tuple[Section, str]

_FIRST: Final[tuple[Section, ...]] = ("pricing", *(section for section in SECTIONS if section != "pricing"))
"""A budget in dollars needs its models' prices, though it names none of them."""


def steps(changes: Iterable[Change], standing: Mapping[Key, PolicyDocument]) -> list[list[Change]]:
    """The changes, deletions last. `standing` has the documents that are to be deleted.

    Documents that name each other in a circle (a team, its route, the route's rule for the team) stay together only
    as far as they fit into one step.
    """
    all_of: dict[Key, Change] = {(change.section, change.id): change for change in changes}
    documents: dict[Key, PolicyDocument] = {
        key: change.document for key, change in all_of.items() if change.document is not None
    }
    coming = [all_of[key] for key in _after_what_they_name(documents)]
    going = [all_of[key] for key in reversed(_after_what_they_name(standing))]
    return [*_chunks(coming), *_chunks(going)]


def _after_what_they_name(documents: Mapping[Key, PolicyDocument]) -> list[Key]:
    order: list[Key] = []
    seen: set[Key] = set()
    starts = sorted(documents, key=lambda key: (_FIRST.index(key[0]), key[1]))
    for start in starts:
        # By hand: a chain of fallbacks may be longer than Python's stack.
        stack: list[tuple[Key, Iterator[Key]]] = []
        if start not in seen:
            seen.add(start)
            stack.append((start, iter(_named_by(documents[start]))))
        while stack:
            key, names = stack[-1]
            following = next((name for name in names if name in documents and name not in seen), None)
            if following is None:
                order.append(key)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(_named_by(documents[following]))))
    return order


def _named_by(document: PolicyDocument) -> list[Key]:
    match document:
        case Route():
            return [*_keys("routes", document.fallbacks), *_keys("scanner", document.scanner)]
        case Team():
            return _keys("routes", () if document.models == "*" else document.models)
        case Client():
            return _keys("teams", [document.team])
        case Budget():
            return [
                *_keys("teams", [document.team]),
                *_keys("clients", [document.client]),
                *_keys("routes", [document.model]),
            ]
        case ScannerRule():
            return _keys("teams", () if document.teams == "*" else document.teams)
        case PriceOverride():
            return []


def _keys(section: Section, names: Iterable[str | None]) -> list[Key]:
    return [(section, name) for name in names if name is not None]


def _chunks(changes: Sequence[Change]) -> list[list[Change]]:
    return [list(changes[start : start + MAX_CHANGES]) for start in range(0, len(changes), MAX_CHANGES)]
