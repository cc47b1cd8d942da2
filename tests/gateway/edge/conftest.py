"""A real Envoy and a real Portkey behind it, with an issuer and a provider that plays back what a test scripts."""

from collections.abc import Iterator

import httpx
import pytest

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import ISSUER, Issuer
from gateway.edge.kit.policies import SECRETS, policy
from gateway.edge.kit.reserving import quotas
from gateway.edge.kit.scripted_agent import ScriptedAgent
from gateway.portkey_contract.portkey_process import Portkey
from support.replay_provider import ReplayProvider
from support.servers.scanner import running_scanner


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        yield running


@pytest.fixture(scope="session")
def portkey() -> Iterator[Portkey]:
    with Portkey(env={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1"}) as running:
        yield running


@pytest.fixture(scope="session")
def provider_server() -> Iterator[ReplayProvider]:
    with ReplayProvider() as running:
        yield running


@pytest.fixture
def provider(provider_server: ReplayProvider) -> ReplayProvider:
    """A provider that has no script yet and has received nothing."""
    provider_server.reset()
    return provider_server


@pytest.fixture(scope="session")
def scanner_port() -> Iterator[int]:
    """Where the agent looks for what content rules forbid."""
    with running_scanner() as port:
        yield port


@pytest.fixture(scope="session")
def shared_edge(
    issuer: Issuer,
    portkey: Portkey,
    provider_server: ReplayProvider,
    scanner_port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Edge]:
    """An edge that no test changes."""
    settings = {"max_request_bytes": 100_000, "scanner_port": scanner_port}
    with Edge(tmp_path_factory.mktemp("edge"), ISSUER, issuer.jwks_url, portkey.port, **settings) as edge:
        edge.apply(policy(provider_server.url), SECRETS)
        edge.start()
        yield edge


@pytest.fixture
def client(shared_edge: Edge, issuer: Issuer) -> Iterator[httpx.Client]:
    """Calls the shared edge as the client `search-api`."""
    headers = {"authorization": f"Bearer {issuer.token('search-api')}"}
    with httpx.Client(base_url=shared_edge.url, headers=headers, timeout=10, trust_env=False) as each:
        yield each


@pytest.fixture
def edge(issuer: Issuer, portkey: Portkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """An edge of the test's own: not started, without a policy."""
    with Edge(tmp_path_factory.mktemp("edge"), ISSUER, issuer.jwks_url, portkey.port) as each:
        yield each


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
