"""A target that keeps failing is left out and comes back: real agent, Envoy and Portkey."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.edge.kit.issuer import Issuer
from gateway.edge.kit.policies import policy
from gateway.portkey_contract.recipes import OPENAI_CHAT, PATHS
from gwctl.core.files import write_atomically
from support.processes import wait_until
from support.replay_provider import Answer, ReplayProvider
from tools.bench.rig import Pair, running_portkey

ROUTE = {
    "id": "safe",
    "targets": [{"provider": "openai", "model": "first"}, {"provider": "second", "model": "second"}],
    "circuit_breaker": {"failures": 3, "open_seconds": 1},
}
BROKEN, WELL = Answer.json({"error": {"message": "no"}}, 503), Answer.json(OPENAI_CHAT)


@pytest.fixture
def provider() -> Iterator[ReplayProvider]:
    with ReplayProvider() as running:
        yield running


def models(provider: ReplayProvider, url: str, token: str) -> list[str | None]:
    """Whom a request reaches, one after the other."""
    before = len(provider.requests)
    body: dict[str, Any] = {"model": "safe", "messages": [{"role": "user", "content": "hi"}]}
    headers = {"authorization": f"Bearer {token}"}
    answer = httpx.post(url + PATHS["chat"], json=body, headers=headers, timeout=20, trust_env=False)
    assert answer.status_code == 200
    return [request.model for request in provider.requests[before:]]


def test_a_failing_target_is_left_out_until_it_answers_again(tmp_path: Path, provider: ReplayProvider):
    provider.on("*", BROKEN, model="first")
    provider.on("*", WELL, model="second")
    with Issuer() as issuer, running_portkey() as portkey:
        pair = Pair(tmp_path, issuer, portkey.port, None)
        try:
            snapshot = policy(provider.url, routes=[ROUTE], scanner=[])
            write_atomically(tmp_path / "secrets.json", b'{"openai": {"api_key": "a"}, "second": {"api_key": "b"}}')
            pair.put_policy(snapshot)
            pair.start_agent()
            pair.edge.start()
            pair.wait_for(snapshot)
            token = issuer.token("search-api")

            assert models(provider, pair.edge.url, token) == ["first", "second"]
            wait_until(lambda: models(provider, pair.edge.url, token) == ["second"], "it to be left out")
            wait_until(lambda: pair.status.open_targets, "the status to say so")
            assert pair.status.open_targets[0].target == "safe/openai/first"

            provider.on("*", WELL, model="first")
            wait_until(lambda: models(provider, pair.edge.url, token) == ["first"], "it to be tried again", 30)
            wait_until(lambda: not pair.status.open_targets, "the status to say so")
        finally:
            pair.close()
