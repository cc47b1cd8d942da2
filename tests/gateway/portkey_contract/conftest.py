"""One real Portkey for the whole session and, for each test, an empty provider for it to talk to."""

from collections.abc import Iterator

import pytest

from gateway.portkey_contract.portkey_process import Portkey
from support.replay_provider import ReplayProvider


@pytest.fixture(scope="session")
def portkey() -> Iterator[Portkey]:
    """The Portkey that every test shares."""
    with Portkey(env={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1"}) as running:
        yield running


@pytest.fixture(scope="session")
def provider_server() -> Iterator[ReplayProvider]:
    """The provider behind it; tests take `provider`."""
    with ReplayProvider() as running:
        yield running


@pytest.fixture
def provider(provider_server: ReplayProvider) -> ReplayProvider:
    """A provider that has no script yet and has received nothing."""
    provider_server.reset()
    return provider_server


@pytest.fixture
def stranger() -> Iterator[ReplayProvider]:
    """A second server, which a request should not reach."""
    with ReplayProvider() as running:
        yield running
