"""Documents that the policy tests start from, and hypothesis strategies that vary them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from hypothesis import strategies as st

from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Documents
from gwctl.policy.snapshot import Snapshot
from gwctl.policy.validation import validate_documents

DAY = date(2026, 11, 21)
KEY = {"id": "gwk_0123456789", "team": "search", "secrets": [{"sha256": "0" * 64}]}


def sections(**replaced: object) -> dict[str, Any]:
    """A small valid policy as a person would write it, with sections replaced."""
    return {
        "providers": [
            {"id": "openai", "kind": "openai"},
            {"id": "anthropic", "kind": "anthropic"},
            {"id": "bedrock-eu", "kind": "bedrock", "region": "eu-central-1"},
        ],
        "routes": [
            {"id": "fast", "targets": [{"provider": "openai", "model": "gpt-4o-mini"}]},
            {
                "id": "claude",
                "targets": [{"provider": "anthropic", "model": "claude-sonnet-4-5"}],
                "fallbacks": ["fast"],
            },
        ],
        "teams": [{"id": "search", "models": ["fast"]}, {"id": "platform"}],
        "clients": [{"id": "search-api", "team": "search"}, {"id": "platform-ci", "team": "platform"}],
        "budgets": [{"id": "search-month", "team": "search", "limit_usd": "100", "period": "month"}],
        "scanner": [{"id": "no-keys", "action": "deny", "pattern": "AKIA[0-9A-Z]{16}"}],
        "pricing": [{"provider": "openai", "model": "gpt-4o-mini", "input": "0.15", "output": "0.6"}],
        **replaced,
    }


def documents(**replaced: object) -> Documents:
    return validate_documents(sections(**replaced))


def compiled(version: int = 1, **replaced: object) -> Snapshot:
    return compile_policy(documents(**replaced), version=version, on=DAY)


def _ids(prefix: str, most: int) -> st.SearchStrategy[list[str]]:
    return st.integers(1, most).map(lambda count: [f"{prefix}{number}" for number in range(count)])


@st.composite
def policies(draw: st.DrawFn) -> Documents:
    """Policies whose references all resolve; fallbacks only point to earlier routes."""
    kinds = st.sampled_from(["openai", "anthropic", "google"])
    providers = [{"id": name, "kind": draw(kinds)} for name in draw(_ids("provider", 3))]
    rules = [
        {"id": name, "action": draw(st.sampled_from(["deny", "redact"])), "pattern": "secret", "teams": []}
        for name in draw(_ids("rule", 3))
    ]
    routes: list[dict[str, Any]] = []
    for name in draw(_ids("route", 5)):
        earlier = [route["id"] for route in routes]
        routes.append(
            {
                "id": name,
                "strategy": draw(st.sampled_from(["ordered", "weighted"])),
                "targets": draw(st.lists(_targets(providers), min_size=1, max_size=3)),
                "fallbacks": draw(_some(earlier, 2)),
                "scanner": draw(_some([rule["id"] for rule in rules], 2)),
            }
        )
    aliases = [route["id"] for route in routes]
    teams = [{"id": name, "models": draw(st.just("*") | _some(aliases, 5))} for name in draw(_ids("team", 4))]
    clients = [
        {"id": name, "team": draw(st.sampled_from([team["id"] for team in teams]))} for name in draw(_ids("client", 6))
    ]
    budgets = [
        {"id": f"{team['id']}-tokens", "team": team["id"], "limit_tokens": draw(st.integers(0, 10**9)), "period": "day"}
        for team in draw(_some(teams, 3))
    ]
    return validate_documents(
        {
            "providers": providers,
            "routes": routes,
            "teams": teams,
            "clients": clients,
            "budgets": budgets,
            "scanner": rules,
        }
    )


def _some(values: Sequence[Any], most: int) -> st.SearchStrategy[list[Any]]:
    if not values:
        return st.just([])
    return st.lists(st.sampled_from(values), max_size=most, unique_by=lambda value: str(value))


def _targets(providers: Sequence[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "provider": st.sampled_from([provider["id"] for provider in providers]),
            "model": st.sampled_from(["m1", "m2"]),
            "weight": st.integers(1, 5),
        }
    )


def shuffled(draw: st.DrawFn, given: Documents) -> Documents:
    """The same documents in another order."""
    order = {name: draw(st.permutations(list(getattr(given, name)))) for name in Documents.model_fields}
    return Documents.model_validate(order)
