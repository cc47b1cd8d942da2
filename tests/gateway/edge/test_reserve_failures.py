"""An agent that fails, is slow or is away: real Envoy and real Portkey, and an agent that answers as a test says."""

import time

import httpx
import pytest

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import Issuer
from gateway.edge.kit.policies import SECRETS
from gateway.edge.kit.reserving import MARKS, ask, quotas
from gateway.edge.kit.scripted_agent import ScriptedAgent, answer
from gateway.portkey_contract.recipes import MESSAGE, OPENAI_CHAT
from support.processes import wait_until
from support.replay_provider import Answer, ReplayProvider


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
