"""SDK clients that are connected to the running gateway and can reach nothing else."""

import os
from collections.abc import Iterator

import anthropic
import openai
import pytest

from support.gateway import Gateway
from support.servers.dead_end_proxy import DeadEndProxy

_READ_BY_SDKS = ("OPENAI_", "ANTHROPIC_", "LANGCHAIN_", "LANGSMITH_")


@pytest.fixture(autouse=True)
def nothing_but_the_gateway(running_gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the person's own settings, and fail a test in which an SDK tries to leave this machine."""
    for name in [name for name in os.environ if name.startswith(_READ_BY_SDKS)]:
        monkeypatch.delenv(name)
    if not running_gateway.is_local:
        yield
        return
    with DeadEndProxy() as proxy:
        for name, value in proxy.environment().items():
            monkeypatch.setenv(name, value)
        yield
        assert proxy.tried == []


@pytest.fixture
def openai_client(running_gateway: Gateway) -> Iterator[openai.OpenAI]:
    """OpenAI's SDK; it does not retry, so that a test sees the first answer."""
    with openai.OpenAI(base_url=running_gateway.openai_url, api_key=running_gateway.token(), max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(running_gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    """Anthropic's SDK, without retries."""
    with anthropic.Anthropic(base_url=running_gateway.url, auth_token=running_gateway.token(), max_retries=0) as client:
        yield client
