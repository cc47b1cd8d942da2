"""Which headers Portkey gets to see of a request, and a client of an answer. A recorder stands where Portkey does."""

from collections.abc import Iterator

import httpx
import pytest

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import ISSUER, Issuer
from gateway.edge.kit.policies import SECRETS, policy
from gateway.portkey_contract.recipes import OPENAI_CHAT, PATHS
from support.replay_provider import Answer, ReplayProvider

BODY = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def recorder() -> Iterator[ReplayProvider]:
    with ReplayProvider() as running:
        running.on("/", Answer.json({}))
        yield running


@pytest.fixture
def client(
    recorder: ReplayProvider, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    with Edge(tmp_path_factory.mktemp("edge"), ISSUER, issuer.jwks_url, recorder.port) as edge:
        edge.apply(policy(recorder.url), SECRETS)
        edge.start()
        headers = {"authorization": f"Bearer {issuer.token('search-api')}"}
        with httpx.Client(base_url=edge.url, headers=headers, timeout=10, trust_env=False) as each:
            yield each


def test_only_headers_that_portkey_needs_go_on(client: httpx.Client, recorder: ReplayProvider):
    recorder.on(PATHS["chat"], Answer.json(OPENAI_CHAT))
    sent = {
        "x-api-key": "client",
        "cookie": "a=b",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "x-forwarded-for": "10.0.0.1",
        "x-portkey-custom-host": "https://evil.test",
        "x-gw-credentials": "{}",
        "anthropic-beta": "tools",
        "user-agent": "curl",
    }

    assert client.post(PATHS["chat"], json=BODY, headers=sent).status_code == 200

    [asked] = [each for each in recorder.requests if each.path == PATHS["chat"]]
    assert {name.lower() for name in asked.headers} == {
        *(
            "host",
            "accept",
            "anthropic-beta",
            "content-length",
            "content-type",
            "x-portkey-note",
            "x-portkey-config",
            "x-request-id",
        )
    }
    assert asked.headers["content-length"] == str(len(asked.body))


def test_only_known_headers_of_an_answer_pass(client: httpx.Client, recorder: ReplayProvider):
    said = {
        "x-portkey-provider": "openai",
        "x-portkey-trace-id": "1",
        "x-envoy-upstream-service-time": "3",
        "x-gw-portkey": "2",
        "server": "nginx",
        "set-cookie": "a=b",
        "openai-organization": "ours",
        "x-ratelimit-remaining-tokens": "7",
        "anthropic-ratelimit-tokens-limit": "7",
        "www-authenticate": "Basic",
        "retry-after": "3",
        "request-id": "req_1",
    }
    recorder.on(PATHS["chat"], Answer.json(OPENAI_CHAT, headers=said))

    answer = client.post(PATHS["chat"], json=BODY)

    assert set(answer.headers) == {
        "content-length",
        "content-type",
        "date",
        "request-id",
        "retry-after",
        "x-request-id",
    }
