"""Which lane an API of a route takes, and why; what a route may ask for."""

from typing import Any

import pytest

from gwctl.core.names import Api
from gwctl.policy.errors import PolicyError
from gwctl.policy.snapshot import LaneChoice
from unit.policy.examples import compiled

PROVIDERS = [
    {"id": "openai", "kind": "openai"},
    {"id": "own", "kind": "openai", "base_url": "http://10.0.0.7:8000/v1"},
    {"id": "llama", "kind": "ollama", "base_url": "http://127.0.0.1:11434"},
    {"id": "azure", "kind": "azure-openai", "azure_resource": "resource"},
    {"id": "claude", "kind": "anthropic"},
    {"id": "google", "kind": "google"},
    {"id": "bedrock", "kind": "bedrock", "region": "eu-west-1"},
]
RULES: list[dict[str, Any]] = [
    {"id": "rule", "action": "deny", "pattern": "x", "teams": []},
    {"id": "answers", "action": "deny", "pattern": "x", "on": ["output"], "teams": []},
    {"id": "both", "action": "redact", "pattern": "x", "on": ["input", "output"], "teams": []},
    {"id": "guard", "action": "deny", "bedrock_guardrail": {"id": "abc", "version": "1"}, "teams": []},
]


def lanes(*providers: str, more: list[dict[str, Any]] | None = None, **fields: Any) -> dict[Api, LaneChoice]:
    """The lanes of a route with these targets; `more` are further routes."""
    route = {"id": "route", "targets": [{"provider": name, "model": f"m-{name}"} for name in providers], **fields}
    snapshot = compiled(
        providers=PROVIDERS,
        routes=[route, *(more or [])],
        teams=[{"id": "t"}],
        clients=[],
        budgets=[],
        pricing=[],
        scanner=RULES,
    )
    found: dict[Api, LaneChoice] = {}
    for variant in snapshot.variants.values():
        if variant.route == "route":
            found |= variant.lanes
    return found


@pytest.mark.parametrize(
    ("provider", "express"),
    [
        ("openai", {"chat", "responses", "embeddings"}),
        ("own", {"chat", "responses", "embeddings"}),
        ("azure", {"chat", "responses", "embeddings"}),
        ("llama", {"chat", "embeddings"}),
        ("claude", {"messages", "count_tokens"}),
        ("google", set[str]()),
        ("bedrock", set[str]()),
    ],
)
def test_what_a_target_speaks_itself_goes_to_it_directly(provider: str, express: set[str]):
    found = lanes(provider)

    assert {api for api, choice in found.items() if choice.lane == "express"} == express


def test_targets_of_one_api_share_the_lane_and_a_stranger_among_them_needs_portkey():
    assert lanes("openai", "azure", "own")["chat"].lane == "express"

    mixed = lanes("openai", "claude")
    assert mixed["chat"].lane == "portkey"
    assert mixed["chat"].reason == "claude (anthropic) has to be spoken to in another API"
    assert mixed["responses"].lane == "express", "claude serves none of these"


@pytest.mark.parametrize(
    ("rule", "lane"), [("rule", "express"), ("answers", "portkey"), ("both", "portkey"), ("guard", "portkey")]
)
def test_rules_about_answers_and_guardrails_of_bedrock_need_portkey(rule: str, lane: str):
    assert lanes("openai", scanner=[rule])["chat"].lane == lane


def test_different_status_codes_for_the_next_try_need_portkey():
    other = {"id": "other", "targets": [{"provider": "own", "model": "m"}, {"provider": "azure", "model": "m"}]}
    same = lanes("openai", fallbacks=["other"], more=[other])
    different = lanes("openai", fallbacks=["other"], more=[{**other, "fallback_on": [500]}])

    assert (same["chat"].lane, different["chat"].lane) == ("express", "portkey")


def test_there_is_a_bound_on_tries():
    assert lanes("openai", retries={"attempts": 5})["chat"].lane == "express"
    assert lanes("openai", "own", "azure", retries={"attempts": 5})["chat"].lane == "portkey"


def test_a_route_may_ask_for_portkey():
    assert lanes("openai", lane="portkey")["chat"] == LaneChoice(lane="portkey", reason="the route asks for it")


def test_a_route_may_ask_for_express_where_it_can_serve():
    assert lanes("openai", lane="express")["chat"].lane == "express"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"scanner": ["answers"]}, "express cannot serve chat: the content rule answers looks at answers"),
        ({"retries": {"attempts": 1, "on": [500]}}, "express cannot serve chat: its targets are tried again after"),
    ],
)
def test_express_is_refused_by_name_where_it_cannot(fields: dict[str, Any], says: str):
    with pytest.raises(PolicyError, match=f"routes/route: lane: {says}"):
        lanes("openai", "own", lane="express", **fields)


def test_express_is_refused_for_a_target_that_always_needs_translation():
    with pytest.raises(PolicyError, match="routes/route: lane: express cannot serve it"):
        lanes("google", lane="express")
