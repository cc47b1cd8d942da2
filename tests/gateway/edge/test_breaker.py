"""A target that keeps failing is left out, and tried again after its pause: real Envoy and real Portkey."""

import time
from typing import Any

import httpx

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import Issuer
from gateway.edge.kit.policies import SECRETS, policy
from gateway.portkey_contract.recipes import OPENAI_CHAT, PATHS
from gwctl.edge.breaker import CircuitBreakers
from gwctl.edge.render import render_policy
from gwctl.edge.usage_log.line import UsageLine, parse_line
from gwctl.policy.snapshot import Snapshot
from support.processes import wait_until
from support.replay_provider import Answer, ReplayProvider

RELOADS = "extension_config_discovery.http_filter.policy.config_reload"
ROUTE = {
    "id": "safe",
    "targets": [{"provider": "openai", "model": "first"}, {"provider": "second", "model": "second"}],
    "circuit_breaker": {"failures": 3, "open_seconds": 1},
}
BROKEN, WELL = Answer.json({"error": {"message": "no"}}, 503), Answer.json(OPENAI_CHAT)


class Watched:
    """An edge whose usage log is read for circuit breakers, as the agent does it."""

    def __init__(self, edge: Edge, issuer: Issuer, snapshot: Snapshot) -> None:
        self._edge = edge
        self._headers = {"authorization": f"Bearer {issuer.token('search-api')}"}
        self._snapshot = snapshot
        self.breakers = CircuitBreakers()

    def ask(self, **more: Any) -> UsageLine:
        """A request, and what the breakers were told of it."""
        body = {"model": "safe", "messages": [{"role": "user", "content": "hi"}], **more}
        answer = httpx.post(
            self._edge.url + PATHS["chat"], json=body, headers=self._headers, timeout=10, trust_env=False
        )
        assert answer.status_code == 200
        self._edge.log(answer.headers["x-request-id"])
        [raw] = [
            each
            for each in self._edge.settings.usage_log.read_bytes().splitlines()
            if answer.headers["x-request-id"].encode() in each
        ]
        line = parse_line(raw)
        self.breakers.observe(line, self._snapshot, time.time())
        return line

    def render(self) -> list[str]:
        """Leave out what is open; returns what that is."""
        found = self.breakers.open_targets(time.time())
        before = int(self._edge.stat(RELOADS))
        self._edge.write(render_policy(self._snapshot, self._edge.settings, SECRETS, found))
        wait_until(lambda: int(self._edge.stat(RELOADS)) > before, "the policy to be read again")
        return sorted(str(each) for each in found)


def test_a_failing_target_is_left_out_and_later_tried_again(edge: Edge, issuer: Issuer, provider: ReplayProvider):
    provider.on("*", BROKEN, model="first")
    provider.on("*", WELL, model="second")
    snapshot = policy(provider.url, routes=[ROUTE], scanner=[])
    edge.apply(snapshot, SECRETS)
    edge.start()
    watched = Watched(edge, issuer, snapshot)

    failing = [watched.ask() for _ in range(3)]
    left_out = watched.render()
    provider.requests.clear()
    meanwhile = [watched.ask(), watched.ask(stream=True)]
    asked = [request.model for request in provider.requests]

    assert left_out == ["safe/openai/first"]
    assert asked == ["second", "second"], "the first target is not tried"
    assert {line.option for line in (*failing, *meanwhile)} == {(1,)}, "the index means the same target as ever"
    assert [line.skipped for line in (*failing, *meanwhile)] == [frozenset()] * 3 + [frozenset({(0,)})] * 2

    wait_until(lambda: not watched.breakers.open_targets(time.time()), "the pause to end")
    provider.on("*", WELL, model="first")
    assert watched.render() == []
    tried = watched.ask()

    assert (tried.option, tried.skipped) == ((0,), frozenset())
    assert watched.breakers.status(time.time()) == ()
