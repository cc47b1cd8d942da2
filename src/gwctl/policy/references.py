"""Checks between documents: every name is unique in its section and resolves, and fallbacks end soon."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from gwctl.core.keys import PREFIX
from gwctl.core.suggestions import did_you_mean
from gwctl.policy.documents import Documents, Route
from gwctl.policy.errors import Problem
from gwctl.policy.patterns import PatternError, compiled

MAX_CHAIN = 20
"""Routes that fall back one to the next. A snapshot with some hundred of them, one inside the other, is unreadable."""

MOST_COMPARED = 1_000
"""Among more names than that, the nearest one is not looked for: it takes milliseconds for each problem."""


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def reference_problems(documents: Documents) -> Iterator[Problem]:
    """Every problem that can be seen without knowing prices."""
    yield from _duplicates(documents)
    providers, routes = _ids(documents.providers), _ids(documents.routes)
    teams, rules = _ids(documents.teams), _ids(documents.scanner)
    clients = _ids(documents.clients) | _ids(documents.keys)
    for route in documents.routes:
        where = f"routes/{route.id}"
        for index, target in enumerate(route.targets):
            yield from _dangling(where, f"targets.{index}.provider", "provider", target.provider, providers)
        for index, alias in enumerate(route.fallbacks):
            yield from _dangling(where, f"fallbacks.{index}", "route", alias, routes)
        for index, rule in enumerate(route.scanner):
            yield from _dangling(where, f"scanner.{index}", "scanner rule", rule, rules)
    yield from _cycles(documents.routes)
    for team in documents.teams:
        for index, alias in enumerate(team.models if team.models != "*" else ()):
            yield from _dangling(f"teams/{team.id}", f"models.{index}", "route", alias, routes)
    for client in documents.clients:
        yield from _dangling(f"clients/{client.id}", "team", "team", client.team, teams)
        yield from _like_a_key(f"clients/{client.id}", client.id)
    for key in documents.keys:
        yield from _dangling(f"keys/{key.id}", "team", "team", key.team, teams)
        for index, alias in enumerate(key.models if key.models != "*" else ()):
            yield from _dangling(f"keys/{key.id}", f"models.{index}", "route", alias, routes)
    for budget in documents.budgets:
        where = f"budgets/{budget.id}"
        yield from _like_a_key(where, budget.id)
        if budget.team is not None:
            yield from _dangling(where, "team", "team", budget.team, teams)
        if budget.client is not None:
            yield from _dangling(where, "client", "client", budget.client, clients)
        if budget.model is not None:
            yield from _dangling(where, "model", "route", budget.model, routes)
    for rule in documents.scanner:
        for index, name in enumerate(rule.teams if rule.teams != "*" else ()):
            yield from _dangling(f"scanner/{rule.id}", f"teams.{index}", "team", name, teams)
        if rule.pattern is not None:
            yield from _pattern(rule.id, rule.pattern)
    for price in documents.pricing:
        yield from _dangling(f"pricing/{price.id}", "provider", "provider", price.provider, providers)


def _ids(named: Iterable[_Named]) -> frozenset[str]:
    return frozenset(document.id for document in named)


def _duplicates(documents: Documents) -> Iterator[Problem]:
    sections: dict[str, Sequence[_Named]] = {
        "providers": documents.providers,
        "routes": documents.routes,
        "teams": documents.teams,
        "clients": documents.clients,
        "keys": documents.keys,
        "budgets": documents.budgets,
        "scanner": documents.scanner,
        "pricing": documents.pricing,
    }
    for section, named in sections.items():
        seen: set[str] = set()
        for document in named:
            if document.id in seen:
                yield Problem(f"{section}/{document.id}", "id", "stands twice", "keep one of the two")
            seen.add(document.id)


def _dangling(document: str, field: str, kind: str, name: str, known: frozenset[str]) -> Iterator[Problem]:
    if name not in known:
        near = known if len(known) <= MOST_COMPARED else ()
        fix = did_you_mean(name, near, f"add that {kind} or correct the name")
        yield Problem(document, field, f"there is no {kind} {name!r}", fix)


def _like_a_key(document: str, name: str) -> Iterator[Problem]:
    if name.startswith(PREFIX):
        yield Problem(document, "id", f"begins with {PREFIX}, as only keys and their limits do", "choose another id")


def _cycles(routes: Sequence[Route]) -> Iterator[Problem]:
    fallbacks = {route.id: route.fallbacks for route in routes}
    depths: dict[str, int] = {}
    for start in fallbacks:
        # An explicit stack: a chain of fallbacks may be longer than Python's recursion limit.
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            alias, leaving = stack.pop()
            if leaving:
                path.pop()
                on_path.discard(alias)
                depths[alias] = 1 + max((depths.get(name, 0) for name in fallbacks.get(alias, ())), default=0)
                if depths[alias] == MAX_CHAIN + 1:
                    message = f"is the start of a chain of {MAX_CHAIN + 1} routes, {MAX_CHAIN} is the limit"
                    yield Problem(f"routes/{alias}", "fallbacks", message, "name the last routes directly")
            elif alias in on_path:
                loop = " → ".join([*path[path.index(alias) :], alias])
                yield Problem(f"routes/{alias}", "fallbacks", f"falls back to itself ({loop})", "break the circle")
            elif alias not in depths:
                path.append(alias)
                on_path.add(alias)
                stack.append((alias, True))
                stack.extend((name, False) for name in fallbacks.get(alias, ()))


def _pattern(rule: str, pattern: str) -> Iterator[Problem]:
    try:
        compiled(pattern)
    except PatternError as error:
        yield Problem(f"scanner/{rule}", "pattern", str(error), "correct the pattern")
