"""Spans of a request: a real Envoy, an agent that is asked, and a collector that takes OTLP."""

import secrets
from collections.abc import Callable, Iterator

import httpx
import pytest

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import ISSUER, Issuer
from gateway.edge.kit.policies import SECRETS, policy
from gateway.edge.kit.scripted_agent import ScriptedAgent
from gateway.portkey_contract.recipes import OPENAI_CHAT, PATHS
from support.otlp_collector import Collector, Span
from support.processes import wait_until
from support.replay_provider import Answer, ReplayProvider

BUDGETS = [{"id": "search-minute", "team": "search", "limit_requests": 10, "period": "minute"}]
PROMPT = "the words of the conversation"
BODY = {"model": "fast", "messages": [{"role": "user", "content": PROMPT}]}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as each:
        yield each


@pytest.fixture
def recorder() -> Iterator[ReplayProvider]:
    """Stands where Portkey does, and keeps what it was sent."""
    with ReplayProvider() as running:
        running.on("/", Answer.json({}))
        running.on(PATHS["chat"], Answer.json(OPENAI_CHAT, headers={"x-portkey-provider": "openai"}))
        yield running


Call = Callable[[dict[str, str]], None]


@pytest.fixture
def calls(
    collector: Collector, recorder: ReplayProvider, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[float], Call]]:
    """Given a share of requests to trace, a function that sends one with more headers."""
    with ScriptedAgent() as agent:
        edges: list[Edge] = []

        def of(share: float) -> Call:
            edge = Edge(
                tmp_path_factory.mktemp("traced"),
                ISSUER,
                issuer.jwks_url,
                recorder.port,
                deployment="gwctl-test",
                reserve_socket=agent.socket,
                trace_endpoint=collector.url,
                trace_share=share,
            )
            edges.append(edge)
            edge.apply(policy(recorder.url, budgets=BUDGETS), SECRETS)
            edge.start()

            def call(headers: dict[str, str]) -> None:
                token = {"authorization": f"Bearer {issuer.token('search-api')}"}
                sent = {**token, **headers}
                answer = httpx.post(f"{edge.url}{PATHS['chat']}", json=BODY, headers=sent, timeout=10, trust_env=False)
                assert answer.status_code == 200, answer.text

            return call

        yield of
        for edge in edges:
            edge.__exit__()


def spans_of(collector: Collector, number: int) -> list[Span]:
    def found() -> list[Span]:
        return list(collector.spans) if len(collector.spans) >= number else []

    return wait_until(found, f"{number} spans", 20)


def test_a_clients_trace_goes_on_to_the_agent_and_to_portkey(
    calls: Callable[[float], Call], collector: Collector, recorder: ReplayProvider
):
    trace, parent = secrets.token_hex(16), secrets.token_hex(8)
    calls(1.0)({"traceparent": f"00-{trace}-{parent}-01", "tracestate": "vendor=1"})

    spans = spans_of(collector, 3)

    assert {each.trace_id for each in spans} == {trace}
    assert {each.service for each in spans} == {"gwctl-test"}
    (request,) = [each for each in spans if each.parent_id == parent]
    below = {
        each.attributes.get("upstream_cluster.name") or each.attributes.get("upstream_cluster"): each
        for each in spans
        if each is not request
    }
    assert below.keys() == {"agent", "portkey"}
    assert {each.parent_id for each in below.values()} == {request.id}
    [asked] = [each for each in recorder.requests if each.path == PATHS["chat"]]
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert headers["traceparent"] == f"00-{trace}-{below['portkey'].id}-01"
    assert headers["tracestate"] == "vendor=1"


def test_a_span_says_of_whom_and_what_it_is_and_nothing_that_was_said(
    calls: Callable[[float], Call], collector: Collector
):
    calls(1.0)({})
    spans = spans_of(collector, 3)
    (request,) = [each for each in spans if not each.parent_id]
    known = {
        name: request.attributes.get(name)
        for name in ("deployment", "team", "gen_ai.request.model", "gen_ai.provider.name")
    }
    assert known == {
        "deployment": "gwctl-test",
        "team": "search",
        "gen_ai.request.model": "fast",
        "gen_ai.provider.name": "openai",
    }
    told = str([each.attributes for each in spans])
    assert PROMPT not in told
    assert "Bearer" not in told


def test_more_than_the_share_is_not_traced_whatever_a_client_wants(
    calls: Callable[[float], Call], collector: Collector, recorder: ReplayProvider
):
    """Spans cost money. The trace goes on to Portkey all the same, marked as one that nobody samples."""
    trace = secrets.token_hex(16)
    calls(0.0)({"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"})
    [asked] = [each for each in recorder.requests if each.path == PATHS["chat"]]
    told = {name.lower(): value for name, value in asked.headers.items()}["traceparent"]
    assert (told.split("-")[1], told.split("-")[3]) == (trace, "00")
    assert not collector.spans
