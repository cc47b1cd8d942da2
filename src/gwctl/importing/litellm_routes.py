"""Deployments of one name → a route; aliases and fallbacks. In: deployments, router settings. Out: routes. Pure."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from gwctl.importing.findings import Findings
from gwctl.importing.litellm_deployments import Deployment, number

ALIAS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}\Z")
MAX_TARGETS: Final = 10
MAX_FALLBACKS: Final = 5
MAX_RETRIES: Final = 5
MAX_WEIGHT: Final = 1000
MAX_TIMEOUT: Final = 3600
SHUFFLE: Final = "simple-shuffle"

Json = dict[str, Any]


def group(deployments: Iterable[Deployment], findings: Findings) -> dict[str, list[Deployment]]:
    """Alias → its deployments, without names that no route can have."""
    groups: dict[str, list[Deployment]] = {}
    for each in deployments:
        if ALIAS.match(each.name):
            groups.setdefault(each.name, []).append(each)
        else:
            path = each.path.removesuffix(".litellm_params")
            findings.add(f"{path}.model_name", "has characters that no route's name can have; rename it")
    return groups


def route(alias: str, deployments: Sequence[Deployment], router: Mapping[str, Any], findings: Findings) -> Json:
    """The route. Several deployments share the traffic, or follow each other where they have an `order`."""
    found: Json = {"id": alias}
    chosen = list(deployments)
    ordered = any(each.order is not None for each in chosen)
    if ordered:
        chosen.sort(key=lambda each: each.order or math.inf)
        if len({each.order for each in chosen}) < len(chosen):
            findings.add(
                chosen[0].path, f"{alias}: deployments of the same order follow each other, they share nothing"
            )
    if len(chosen) > MAX_TARGETS:
        findings.add(chosen[MAX_TARGETS].path, f"{alias} has more than {MAX_TARGETS} deployments; the rest is left out")
        chosen = chosen[:MAX_TARGETS]
    found["targets"] = targets = list[Json]()
    weights = _weights(chosen)
    for each, weight in zip(chosen, weights, strict=True):
        target = each.target()
        same = next((one for one in targets if {**one, "weight": None} == {**target, "weight": None}), None)
        if same is None:
            targets.append(target if ordered else {**target, "weight": weight})
        elif not ordered:
            same["weight"] = min(MAX_WEIGHT, same["weight"] + weight)
    if len(targets) > 1 and not ordered:
        found["strategy"] = "weighted"
    for target in targets if len(targets) == 1 else ():
        target.pop("weight", None)
    found |= _retries(chosen, router, findings)
    found |= _timeout(chosen, router, findings)
    return found


def _weights(deployments: Sequence[Deployment]) -> list[int]:
    """Shares as small whole numbers."""
    shares = [each.share or Decimal(0) for each in deployments]
    if not all(shares):
        return [1] * len(shares)
    scale = Decimal(1)
    while any(share * scale % 1 for share in shares) and scale < 1000:
        scale *= 10
    whole = [int(share * scale) or 1 for share in shares]
    divisor = math.gcd(*whole)
    whole = [number // divisor for number in whole]
    largest = max(whole)
    if largest <= MAX_WEIGHT:
        return whole
    return [max(1, number * MAX_WEIGHT // largest) for number in whole]


def _retries(deployments: Sequence[Deployment], router: Mapping[str, Any], findings: Findings) -> Json:
    own = [each.retries for each in deployments if each.retries is not None]
    attempts = max(own) if own else router.get("num_retries")
    if not isinstance(attempts, int) or attempts <= 0:
        return {}
    if attempts > MAX_RETRIES:
        path = deployments[0].path if own else "router_settings.num_retries"
        findings.add(path, f"{attempts} retries are more than a route may have; it gets {MAX_RETRIES}")
    return {"retries": {"attempts": min(attempts, MAX_RETRIES)}}


def _timeout(deployments: Sequence[Deployment], router: Mapping[str, Any], findings: Findings) -> Json:
    own = [each.timeout for each in deployments if each.timeout]
    seconds = max(own) if own else router.get("timeout")
    if len(set(own)) > 1:
        findings.add(deployments[0].path, f"{deployments[0].name}: a route has one timeout; the longest was taken")
    known = number(seconds)
    if not known:
        return {}
    whole = math.ceil(known)
    if whole > MAX_TIMEOUT:
        findings.add(deployments[0].path, f"{deployments[0].name}: a timeout is an hour at most")
    return {"timeout_seconds": min(whole, MAX_TIMEOUT)}


def add_circuit_breakers(routes: dict[str, Json], router: Mapping[str, Any], findings: Findings) -> None:
    """`allowed_fails` and `cooldown_time`, for routes that have something else to serve meanwhile."""
    fails, pause = router.get("allowed_fails"), router.get("cooldown_time")
    if router.get("disable_cooldowns") or (fails is None and pause is None):
        return
    breaker = {"failures": 4, "window_seconds": 60, "open_seconds": 5}  # LiteLLM's own defaults
    if isinstance(fails, int) and 0 <= fails < 1000:
        breaker["failures"] = fails + 1
    if isinstance(pause, int | float) and 0 < pause <= MAX_TIMEOUT:
        breaker["open_seconds"] = math.ceil(pause)
    for route in routes.values():
        if len(route["targets"]) > 1 or route.get("fallbacks"):
            route["circuit_breaker"] = dict(breaker)
    findings.add("router_settings.allowed_fails", "failures are counted in a row here, not all within a minute")


def strategy_findings(name: Any, path: str, findings: Findings) -> None:
    """Strategies other than a random choice by weight."""
    if name and name != SHUFFLE:
        findings.add(path, f"{name} has no equivalent; deployments of one name share the traffic by weight")


def add_aliases(routes: dict[str, Json], aliases: Any, path: str, findings: Findings) -> None:
    """`model_group_alias`: another name of a route is a route with the same targets."""
    if not isinstance(aliases, Mapping):
        return
    for alias, named in aliases.items():
        target = named.get("model") if isinstance(named, Mapping) else named
        if not ALIAS.match(str(alias)):
            findings.add(f"{path}.{alias}", "has characters that no route's name can have; rename it")
        elif str(target) not in routes:
            findings.add(f"{path}.{alias}", f"there is no route {target!r} to be another name of")
        elif str(alias) in routes:
            findings.add(f"{path}.{alias}", "there is a model of this name already; it was kept")
        else:
            routes[str(alias)] = {**routes[str(target)], "id": str(alias)}
        if isinstance(named, Mapping) and named.get("hidden"):
            findings.add(f"{path}.{alias}.hidden", "routes are not hidden; leave it out of the teams' models")


def add_fallbacks(routes: dict[str, Json], declared: Sequence[tuple[str, Any]], findings: Findings) -> None:
    """Fallbacks by route; `*` and `default_fallbacks` are for all that have none of their own.

    LiteLLM lets two models fall back to each other. Here a circle does not compile: each of the two gets the other's
    targets after its own, and where that cannot be, what closes the circle is left out.
    """
    for path, entries in declared:
        own: dict[str, tuple[str, Sequence[Any]]] = {}
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, Mapping):
                own |= {
                    str(name): (f"{path}.{index}.{name}", names if isinstance(names, list) else [names])
                    for name, names in entry.items()
                }
            else:
                own["*"] = (path, [*own.get("*", (path, []))[1], entry])
        for name, (where, names) in own.items():
            chosen = [alias for alias in routes if "fallbacks" not in routes[alias]] if name == "*" else [name]
            for alias in chosen:
                if alias not in routes:
                    findings.add(where, f"there is no route {alias!r}")
                else:
                    _add(routes, alias, names, where, findings, quiet=name == "*")


def _add(
    routes: dict[str, Json], alias: str, names: Sequence[Any], where: str, findings: Findings, *, quiet: bool
) -> None:
    taken: list[str] = []
    for name in names:
        if not isinstance(name, str):
            findings.add(where, "a fallback with a request of its own has no equivalent; only its model counts")
            name = name.get("model") if isinstance(name, Mapping) else None
        if name == alias or name is None:
            continue
        if name not in routes:
            findings.add(where, f"there is no route {name!r}")
        elif _reaches(routes, name, alias):
            if not quiet and (taken or not _joined(routes[alias], routes[name])):
                findings.add(where, f"{alias} and {name} would fall back to each other; {name} was left out")
        elif len(taken) == MAX_FALLBACKS:
            findings.add(where, f"a route has {MAX_FALLBACKS} fallbacks at most; {name!r} was left out")
        elif name not in taken:
            taken.append(name)
            routes[alias]["fallbacks"] = list(taken)


def _joined(one: Json, other: Json) -> bool:
    """Gives a route the targets of another one after its own, and the same in return; whether that can be."""
    own, others = list(one["targets"]), list(other["targets"])
    both = [*own, *(target for target in others if target not in own)]
    if len(both) > MAX_TARGETS or "weighted" in (one.get("strategy"), other.get("strategy")):
        return False
    one["targets"] = both
    if other.get("fallbacks", [])[:1] == [one["id"]]:
        other["targets"] = [*others, *(target for target in own if target not in others)]
        del other["fallbacks"][0]
        if not other["fallbacks"]:
            del other["fallbacks"]
    return True


def _reaches(routes: Mapping[str, Json], start: str, end: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        name = waiting.pop()
        if name == end:
            return True
        for following in routes[name].get("fallbacks", ()):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return False
