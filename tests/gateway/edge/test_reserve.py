"""The reserve call: real Envoy and real Portkey, and an agent that answers as a test says."""

import json

import pytest

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import Issuer
from gateway.edge.kit.reserving import HINTS, ask, refusal
from gateway.edge.kit.scripted_agent import ScriptedAgent, answer
from gateway.portkey_contract.recipes import MESSAGE, OPENAI_CHAT, OPENAI_CHUNKS
from gwctl.edge.errors import REFUSALS
from support.replay_provider import Answer, ReplayProvider


def test_a_granted_request_is_served_and_its_receipt_logged(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent
):
    provider.on("*", Answer.json(OPENAI_CHAT))

    given = ask(reserving, issuer, max_completion_tokens=70)
    line = reserving.log(given.headers["x-request-id"])

    assert given.status_code == 200
    assert [name for name in given.headers if name.startswith("x-gw-")] == []
    assert line["quota"] == {"receipt": "search-day@2026-11-21", "shadow": None, "quota": None}
    assert (line["refusal"], line["status"]) == (None, 200)
    assert agent.last.reserve == {
        "id": given.headers["x-request-id"],
        "client": "search-api",
        "team": "search",
        "model": "fast",
        "api": "chat",
        "variant": line["variant"],
        "policy": line["policy"],
        "stream": False,
        "bytes": line["request_bytes"],
        "cap": 70,
        "n": 1,
        "tier": None,
        "outside": False,
        "images": 0,
        "shape": "openai",
    }
    told = {name for name in agent.last.headers if not name.startswith("x-envoy-")}
    assert told == {"host", "content-length", "x-gw-reserve"}


def test_what_a_shadow_quota_would_do_is_logged(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent
):
    provider.on("*", Answer.json(OPENAI_CHAT))
    agent.answer = answer(200, {"x-gw-receipt": "", "x-gw-shadow": "tried-day"})

    given = ask(reserving, issuer, team="tried")

    assert given.status_code == 200
    assert reserving.log(given.headers["x-request-id"])["quota"]["shadow"] == "tried-day"


@pytest.mark.parametrize("team", ["free", "watched"])
def test_a_team_without_a_quota_that_counts_ahead_costs_no_call(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent, team: str
):
    provider.on("*", Answer.json(OPENAI_CHAT))

    given = ask(reserving, issuer, team=team)
    line = reserving.log(given.headers["x-request-id"])

    assert given.status_code == 200
    assert agent.requests == []
    assert line["quota"] in (None, {"receipt": None, "shadow": None, "quota": None})


def test_what_the_policy_refuses_costs_no_call(reserving: Edge, issuer: Issuer, agent: ScriptedAgent):
    given = ask(reserving, issuer, model="nope")

    assert given.status_code == 404
    assert agent.requests == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("api", "shape"), [("chat", "openai"), ("messages", "anthropic")])
def test_a_refusal_reaches_the_client_as_the_agent_made_it(
    reserving: Edge,
    issuer: Issuer,
    provider: ReplayProvider,
    agent: ScriptedAgent,
    api: str,
    shape: str,
    stream: bool,
):
    agent.answer = refusal("rate_limit_exceeded", shape)

    given = ask(reserving, issuer, api, stream=stream)
    line = reserving.log(given.headers["x-request-id"])

    assert given.status_code == 429
    assert given.json() == getattr(REFUSALS["rate_limit_exceeded"], shape)("The quota search-minute is used up.")
    assert given.headers["content-type"] == "application/json"
    assert HINTS.items() <= dict(given.headers).items()
    assert [name for name in given.headers if name.startswith("x-gw-")] == []
    assert agent.last.reserve["shape"] == shape
    assert agent.last.reserve["stream"] is stream
    assert (line["refusal"], line["status"], line["upstream"]) == ("rate_limit_exceeded", 429, None)
    assert line["quota"] == {"receipt": None, "shadow": None, "quota": "search-minute"}
    assert provider.requests == []


def test_a_quota_that_cannot_be_checked_is_said_in_the_agents_words(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent
):
    """Envoy drops the body of an answer of 500 and above, so the agent says it with 429, and the edge makes it 503."""
    known = REFUSALS["quota_unavailable"]
    marks = {"x-gw-refusal": known.code, "x-gw-quota": "search-minute", "retry-after": "2"}
    agent.answer = answer(429, {**marks, "content-type": "application/json"}, json.dumps(known.openai("So.")).encode())

    given = ask(reserving, issuer)
    line = reserving.log(given.headers["x-request-id"])

    assert (given.status_code, given.json(), given.headers["retry-after"]) == (503, known.openai("So."), "2")
    assert (line["refusal"], line["status"]) == ("quota_unavailable", 503)
    assert line["quota"]["quota"] == "search-minute"
    assert provider.requests == []


def test_a_granted_stream_is_served(reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent):
    provider.on("*", Answer.sse([*OPENAI_CHUNKS, "[DONE]"]))

    given = ask(reserving, issuer, stream=True)

    assert given.text.endswith("data: [DONE]\n\n")
    assert reserving.log(given.headers["x-request-id"])["quota"]["receipt"] == "search-day@2026-11-21"


def test_nothing_of_it_reaches_the_provider_or_portkey(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent
):
    provider.on("*", Answer.json(MESSAGE))

    ask(reserving, issuer, "messages", headers={"anthropic-beta": "a"})

    assert [name for name in provider.last.headers if name.lower().startswith("x-gw-")] == []


def test_the_header_is_never_the_clients(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent
):
    provider.on("*", Answer.json(OPENAI_CHAT))
    lies = {"x-gw-reserve": '{"bytes":0}', "x-gw-receipt": "mine", "x-gw-refusal": "mine"}

    given = ask(reserving, issuer, headers=lies)
    unasked = ask(reserving, issuer, team="free", headers=lies)
    lines = [reserving.log(each.headers["x-request-id"]) for each in (given, unasked)]

    assert len(agent.requests) == 1
    assert agent.last.reserve["bytes"] > 0
    assert [(line["quota"] or {}).get("receipt") for line in lines] == ["search-day@2026-11-21", None]
    assert [line["refusal"] for line in lines] == [None, None]


def test_a_body_of_a_mebibyte_is_told_by_its_size_alone(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent
):
    provider.on("*", Answer.json(OPENAI_CHAT))

    given = ask(reserving, issuer, messages=[{"role": "user", "content": 'a "quoted" word ' * 65_536}])
    line = reserving.log(given.headers["x-request-id"])

    assert given.status_code == 200
    assert agent.last.reserve["bytes"] == line["request_bytes"] > 2**20
    assert agent.last.headers.get("content-length", "0") == "0"
    assert agent.last.reserve["outside"] is False
