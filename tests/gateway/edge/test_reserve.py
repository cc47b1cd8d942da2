"""The reserve call: real Envoy and real Portkey, and an agent that answers as a test says."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.edge.edge_process import Edge
from gateway.edge.issuer import ISSUER, Issuer
from gateway.edge.policies import SECRETS, policy
from gateway.edge.scripted_agent import ScriptedAgent, answer
from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import BODIES, MESSAGE, OPENAI_CHAT, OPENAI_CHUNKS, PATHS
from gwctl.edge.errors import REFUSALS
from support.processes import wait_until
from support.replay_provider import Answer, ReplayProvider

BUDGETS = [
    {"id": "search-minute", "team": "search", "limit_requests": 10, "period": "minute"},
    {"id": "watched-day", "team": "watched", "limit_requests": 10, "period": "day", "action": "alert"},
    {"id": "tried-day", "team": "tried", "limit_requests": 10, "period": "day", "action": "shadow"},
]
TEAMS = ["search", "free", "watched", "tried"]
HINTS = {"retry-after": "7", "x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0"}
MARKS = {"x-gw-refusal": "rate_limit_exceeded", "x-gw-quota": "search-minute"}


@pytest.fixture(scope="module")
def running() -> Iterator[ScriptedAgent]:
    with ScriptedAgent() as each:
        yield each


@pytest.fixture
def agent(running: ScriptedAgent) -> ScriptedAgent:
    """An agent that grants and has not been asked."""
    running.reset()
    return running


@pytest.fixture(scope="module")
def reserving(
    running: ScriptedAgent,
    issuer: Issuer,
    portkey: Portkey,
    provider_server: ReplayProvider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Edge]:
    """An edge whose teams are under quotas, and which asks the agent."""
    folder = tmp_path_factory.mktemp("reserving")
    with Edge(folder, ISSUER, issuer.jwks_url, portkey.port, reserve_socket=running.socket) as each:
        each.apply(quotas(provider_server.url), SECRETS)
        each.start()
        yield each


def quotas(url: str) -> Any:
    return policy(
        url,
        teams=[{"id": team} for team in TEAMS],
        clients=[{"id": f"{team}-api", "team": team} for team in TEAMS],
        budgets=BUDGETS,
    )


def ask(edge: Edge, issuer: Issuer, api: str = "chat", team: str = "search", **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {issuer.token(f'{team}-api')}", **more.pop("headers", {})}
    body = {**BODIES[api], "model": "claude" if api == "messages" else "fast", **more}
    return httpx.post(edge.url + PATHS[api], json=body, headers=headers, timeout=20, trust_env=False)


def refusal(code: str, shape: str) -> bytes:
    body = getattr(REFUSALS[code], shape)("The quota search-minute is used up.")
    headers = {"content-type": "application/json", **HINTS, **MARKS}
    return answer(REFUSALS[code].status, headers, json.dumps(body).encode())


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


# --- an agent that fails ---


def assert_unavailable(edge: Edge, given: httpx.Response, api: str = "chat") -> None:
    line = edge.log(given.headers["x-request-id"])
    assert given.status_code == 503
    if api == "chat":
        assert given.json()["error"]["code"] == "gateway_unavailable"
    else:
        assert given.json()["error"]["type"] == "api_error"
    assert (line["refusal"], line["status"], line["upstream"]) == ("quota_unavailable", 503, None)


@pytest.mark.parametrize("api", ["chat", "messages"])
def test_without_an_agent_only_who_is_under_a_quota_is_refused(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent, api: str
):
    provider.on("*", Answer.json(OPENAI_CHAT if api == "chat" else MESSAGE))
    agent.stop()
    try:
        given, unlimited = ask(reserving, issuer, api), ask(reserving, issuer, api, team="free")
    finally:
        agent.start()

    assert_unavailable(reserving, given, api)
    assert unlimited.status_code == 200
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        answer(404, {}, b"<html>no such page</html>"),
        answer(302, {"location": "http://elsewhere.test/"}),
        answer(401, {"www-authenticate": "Basic"}),
        answer(500, {}, b"Traceback"),
        answer(503, MARKS, b"{}"),
        answer(429, {"x-ratelimit-limit-requests": "1", "set-cookie": "a=b"}),
    ],
    ids=["nothing", "not HTTP", "bad HTTP", "404", "a redirect", "401", "500", "503", "hints"],
)
def test_rubbish_from_the_agent_is_no_grant_and_not_shown(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent, rubbish: bytes
):
    agent.answer = rubbish

    given = ask(reserving, issuer)

    assert_unavailable(reserving, given)
    assert not given.headers.keys() & {"www-authenticate", "location", "x-ratelimit-limit-requests", "set-cookie"}
    assert provider.requests == []


def test_an_agent_that_does_not_answer_is_given_up_after_five_seconds(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent
):
    agent.delay_seconds = 30
    begun = time.monotonic()

    given = ask(reserving, issuer)

    assert 4.5 < time.monotonic() - begun < 10
    assert_unavailable(reserving, given)
    assert provider.requests == []


def test_a_slow_agent_is_waited_for(reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent):
    provider.on("*", Answer.json(OPENAI_CHAT))
    agent.delay_seconds = 2

    assert ask(reserving, issuer).status_code == 200


def test_connections_to_the_agent_are_kept(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent
):
    provider.on("*", Answer.json(OPENAI_CHAT))

    statuses = {ask(reserving, issuer).status_code for _ in range(10)}

    assert statuses == {200}
    assert agent.connections <= 1


def test_a_restart_of_the_agent_refuses_nobody(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent
):
    provider.on("*", Answer.json(OPENAI_CHAT))
    statuses: list[int] = []
    for _ in range(5):
        statuses.append(ask(reserving, issuer).status_code)
        agent.stop()
        agent.start()
        statuses.append(ask(reserving, issuer).status_code)

    assert statuses == [200] * 10


def test_an_agent_that_closes_idle_connections_refuses_nobody(
    reserving: Edge, issuer: Issuer, provider: ReplayProvider, agent: ScriptedAgent
):
    """The close races with the next request: a call that meets it is made again on another connection."""
    provider.on("*", Answer.json(OPENAI_CHAT))
    agent.closes_idle = True

    assert {ask(reserving, issuer).status_code for _ in range(50)} == {200}


def test_without_a_place_to_ask_whoever_is_under_a_quota_is_refused(
    edge: Edge, issuer: Issuer, provider: ReplayProvider
):
    provider.on("*", Answer.json(OPENAI_CHAT))
    edge.apply(quotas(provider.url), SECRETS)
    edge.start()
    wait_until(lambda: ask(edge, issuer, team="free").status_code == 200, "a request to be served")

    given = ask(edge, issuer)
    line = edge.log(given.headers["x-request-id"])

    assert (given.status_code, given.json()["error"]["code"]) == (503, "quota_unavailable")
    assert line["refusal"] == "quota_unavailable"
