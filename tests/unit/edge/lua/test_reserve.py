"""What the policy tells the agent, and about whose requests."""

import json
import os
from dataclasses import replace
from typing import Any

import pytest

from gwctl.edge.settings import EdgeSettings
from unit.edge.asking import PATHS, SECRETS, ask, assert_refused, snapshot
from unit.edge.program import SETTINGS, Outcome, Program

BUDGETS = {
    "gateway": {"id": "all"},
    "team": {"id": "t", "team": "search"},
    "model": {"id": "m", "team": "search", "model": "fast"},
    "client": {"id": "c", "client": "search-api"},
    "another team": {"id": "o", "team": "platform"},
    "another model": {"id": "n", "team": "platform", "model": "fast"},
    "another client": {"id": "d", "client": "platform-ci"},
}


def under(*budgets: dict[str, Any], settings: EdgeSettings = SETTINGS) -> Program:
    limits = [{"limit_requests": 1, "period": "day", **budget} for budget in budgets]
    return Program(snapshot(budgets=limits), SECRETS, settings=settings)


@pytest.fixture(scope="module")
def limited() -> Program:
    return under(BUDGETS["gateway"])


def reserved(outcome: Outcome) -> Any:
    assert outcome.went_on
    return json.loads(outcome.headers["x-gw-reserve"])


def is_asked_about(outcome: Outcome) -> bool:
    assert outcome.went_on
    marked = outcome.decision.get("quota") is True
    assert marked == ("x-gw-reserve" in outcome.headers)
    return marked


@pytest.mark.parametrize("scope", ["gateway", "team", "model", "client"])
def test_a_quota_covers_its_scope(scope: str):
    assert is_asked_about(ask(under(BUDGETS[scope])))


@pytest.mark.parametrize("scope", ["another team", "another model", "another client"])
def test_a_quota_covers_nobody_else(scope: str):
    assert not is_asked_about(ask(under(BUDGETS[scope])))


def test_a_models_quota_covers_no_other_model():
    program = under({"id": "m", "team": "platform", "model": "fast"})

    assert is_asked_about(ask(program, client="platform-ci"))
    assert not is_asked_about(ask(program, "messages", "claude", "platform-ci"))


@pytest.mark.parametrize(("action", "asked"), [("block", True), ("shadow", True), ("alert", False)])
def test_an_alert_only_looks_back(action: str, asked: bool):
    assert is_asked_about(ask(under({"id": "all", "action": action}))) is asked


def test_without_quotas_nobody_is_asked(program: Program):
    assert not is_asked_about(ask(program))


@pytest.mark.parametrize("client", ["search-api", "platform-ci"])
def test_the_header_says_who_asks_for_what(limited: Program, client: str):
    outcome = ask(limited, client=client, stream=True)
    said = reserved(outcome)

    assert said == {
        "id": "id-1",
        "client": client,
        "team": {"search-api": "search", "platform-ci": "platform"}[client],
        "model": "fast",
        "api": "chat",
        "variant": outcome.decision["variant"],
        "policy": snapshot(budgets=[{"id": "all", "limit_requests": 1, "period": "day"}]).label,
        "stream": True,
        "bytes": len(json.dumps({"model": "fast", "messages": [{"role": "user", "content": "hi"}], "stream": True})),
        "cap": None,
        "n": 1,
        "tier": None,
        "outside": False,
        "images": 0,
        "shape": "openai",
    }
    assert outcome.headers["x-gw-reserve"].isascii()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"max_tokens": 5}, {"cap": 5}),
        ({"max_tokens": 5, "max_completion_tokens": 9}, {"cap": 9}),
        ({"max_output_tokens": 0}, {"cap": 0}),
        ({"max_tokens": 2**53 - 1}, {"cap": 2**53 - 1}),
        ({"n": 4}, {"n": 4}),
        ({"n": 0}, {"n": 1}),
        ({"service_tier": "priority"}, {"tier": "priority"}),
        ({"service_tier": 'a"},{"'}, {"tier": None}),
        ({"service_tier": "x" * 33}, {"tier": None}),
        ({"service_tier": "auto", "speed": "fast"}, {"tier": "fast"}),
        ({"speed": "standard"}, {"tier": None}),
    ],
    ids=str,
)
def test_the_header_says_what_bounds_the_request(limited: Program, fields: dict[str, Any], said: dict[str, Any]):
    assert said.items() <= reserved(ask(limited, **fields)).items()


@pytest.mark.parametrize(
    ("api", "shape"), [("messages", "anthropic"), ("count_tokens", "anthropic"), ("chat", "openai")]
)
def test_the_header_says_the_shape_of_a_refusal(limited: Program, api: str, shape: str):
    said = reserved(ask(limited, api, "claude", "platform-ci"))

    assert (said["api"], said["shape"]) == (api, shape)


def test_a_chat_client_that_sends_anthropics_header_gets_openais_shape(limited: Program):
    body = {"model": "fast", "messages": []}

    outcome = limited.request(PATHS["chat"], body, headers={"anthropic-version": "2023-06-01"})

    assert reserved(outcome)["shape"] == "openai"


def test_what_is_refused_anyway_reserves_nothing(limited: Program):
    outcome = ask(limited, model="nope")

    assert_refused(outcome, 404, "model_not_found")
    assert "quota" not in outcome.decision


def test_without_an_agent_to_ask_it_is_refused():
    alone = replace(SETTINGS, reserve_socket=None)

    outcome = ask(under(BUDGETS["team"], settings=alone))

    assert (outcome.status, outcome.refusal) == (503, "quota_unavailable")
    assert is_asked_about(ask(under(BUDGETS["another team"], settings=alone))) is False


# --- the agent's answer, as the client and the usage log see it ---

AGENT = "envoy.filters.http.ext_authz"


@pytest.mark.parametrize(
    ("agent", "status", "refusal"),
    [
        ({"x-gw-refusal": "insufficient_quota"}, 429, "insufficient_quota"),
        ({}, 503, "quota_unavailable"),
        ({"x-gw-receipt": "a"}, 503, None),
        ({"x-gw-receipt": ""}, 503, None),
    ],
)
def test_why_a_request_did_not_reach_portkey_is_logged(
    program: Program, agent: dict[str, str], status: int, refusal: str | None
):
    outcome = program.answer(
        status, {}, policy={"quota": True}, headers={"location": "/x"}, from_portkey=False, other={AGENT: agent}
    )

    assert (outcome.status, outcome.refusal, outcome.errors) == (status, refusal, [])


def test_it_says_how_many_images_there_are(limited: Program):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    claude = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    messages = [{"role": "user", "content": [picture, {"type": "text", "text": "and"}, claude]}]

    assert reserved(ask(limited, client="search-api", messages=messages))["images"] == 2


@pytest.mark.parametrize("covered", [True, False], ids=["under a quota", "under none"])
def test_portkey_is_told_what_each_request_is(covered: bool, limited: Program, program: Program):
    outcome = ask(limited if covered else program, client="search-api", stream=True, max_tokens=5, n=2)
    told = json.loads(outcome.headers["x-portkey-note"])
    body = {"model": "fast", "messages": [{"role": "user", "content": "hi"}], "stream": True, "max_tokens": 5, "n": 2}

    assert told == {
        "id": "id-1",
        "client": "search-api",
        "team": "search",
        "model": "fast",
        "api": "chat",
        "variant": outcome.decision["variant"],
        "policy": outcome.decision["policy"],
        "stream": True,
        "bytes": len(json.dumps(body)),
        "cap": 5,
        "n": 2,
        "edge": os.getpid(),
    }
    assert outcome.headers["x-portkey-note"].isascii()
