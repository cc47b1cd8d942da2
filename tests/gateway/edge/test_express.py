"""The express lane in a real Envoy: no Portkey runs here, and nobody misses it."""

import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.edge.conftest import ISSUER
from gateway.edge.kit.certificates import self_signed
from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import Issuer
from gateway.portkey_contract.recipes import MESSAGE, OPENAI_CHAT, OPENAI_CHUNKS, every_api
from support.ports import free_port
from support.replay_provider import Answer, ReplayProvider
from unit.policy.examples import compiled

SECRETS = {"one": {"api_key": "sk-one"}, "two": {"api_key": "sk-two"}, "claude": {"api_key": "sk-claude"}}
BUSY = Answer.json({"error": {"message": "too many requests of yours", "code": "slow_down"}}, 429)


@dataclass(frozen=True)
class Scene:
    """An edge, a client of it, and providers that each play their part."""

    edge: Edge
    client: httpx.Client
    one: ReplayProvider
    two: ReplayProvider
    claude: ReplayProvider

    def ask(self, model: str, path: str = "/v1/chat/completions", **fields: Any) -> httpx.Response:
        return self.client.post(path, json={"model": model, "messages": [], **fields})

    def log(self, answer: httpx.Response) -> dict[str, Any]:
        return self.edge.log(answer.headers["x-request-id"])


def own_name() -> str | None:
    """A name of this machine that does not say so, out of the file in which Envoy looks names up first."""
    lines = [line.split() for line in Path("/etc/hosts").read_text().splitlines() if line.startswith("127.")]
    return next((name for words in lines for name in words[1:] if not name.startswith("localhost")), None)


def policy(one: str, two: str, claude: str) -> Any:
    targets = {name: {"provider": name, "model": f"real-{name}"} for name in ("one", "two", "claude", "dead", "hidden")}
    ordered = {
        "one": ["one"],
        "claude": ["claude"],
        "pair": ["one", "two"],
        "rescued": ["dead", "two"],
        "dead": ["dead"],
        "hidden": ["hidden"],
    }
    routes: list[dict[str, Any]] = [
        {"id": alias, "targets": [targets[name] for name in names], "timeout_seconds": 2}
        for alias, names in ordered.items()
    ]
    routes.append({"id": "again", "targets": [targets["one"]], "retries": {"attempts": 1, "on": [429]}})
    routes.append({"id": "ruled", "targets": [targets["one"]], "scanner": ["word", "card"]})
    hidden = one.replace("127.0.0.1", own_name() or "localhost")
    urls = {"one": one, "two": f"{two}/deep", "dead": f"http://127.0.0.1:{free_port()}", "hidden": hidden}
    providers = [{"id": name, "kind": "openai", "base_url": f"{url}/v1"} for name, url in urls.items()]
    return compiled(
        providers=[*providers, {"id": "claude", "kind": "anthropic", "base_url": f"{claude}/v1"}],
        routes=routes,
        teams=[{"id": "t"}],
        clients=[{"id": "search-api", "team": "t"}],
        budgets=[],
        scanner=[
            {"id": "word", "action": "deny", "pattern": "swordfish", "teams": []},
            {"id": "card", "action": "redact", "pattern": "4111", "replacement": "[card]", "teams": []},
        ],
        pricing=[],
    )


@pytest.fixture(scope="module")
def running(issuer: Issuer, scanner_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("express")
    with (
        ReplayProvider() as one,
        ReplayProvider() as two,
        ReplayProvider() as claude,
        Edge(folder, ISSUER, issuer.jwks_url, free_port(), scanner_port=scanner_port) as edge,
    ):
        edge.apply(policy(one.url, two.url, claude.url), SECRETS)
        edge.start(ready=503)  # for there is no Portkey
        headers = {"authorization": f"Bearer {issuer.token('search-api')}", "x-api-key": "theirs"}
        with httpx.Client(base_url=edge.url, headers=headers, timeout=10, trust_env=False) as client:
            yield Scene(edge, client, one, two, claude)


@pytest.fixture
def scene(running: Scene) -> Scene:
    for provider in (running.one, running.two, running.claude):
        provider.reset()
        provider.on("*", every_api)
    return running


def test_the_provider_gets_the_caller_s_bytes_and_our_key_and_nothing_else(scene: Scene):
    raw = b'{ "model" : "one",  "messages":[], "of_tomorrow": {"z":1,"a":1.50} }'
    headers = {"content-type": "application/json", "cookie": "a=b", "x-anything": "1", "x-portkey-config": "{}"}

    answer = scene.client.post("/v1/chat/completions?x=1", content=raw, headers=headers)

    assert answer.json() == OPENAI_CHAT
    got = scene.one.last
    assert got.body == raw.replace(b'"one"', b'"real-one"')
    assert (got.path, got.query) == ("/v1/chat/completions", "")
    assert {name.lower(): value for name, value in got.headers.items()} == {
        "accept": "*/*",
        "accept-encoding": "identity",
        "authorization": "Bearer sk-one",
        "content-length": str(len(got.body)),
        "content-type": "application/json",
        "host": scene.one.url.removeprefix("http://"),
        "x-request-id": answer.headers["x-request-id"],
    }


def test_anthropic_gets_its_own_headers(scene: Scene):
    answer = scene.client.post("/v1/messages", json={"model": "claude"}, headers={"anthropic-beta": "b"})

    assert answer.json() == MESSAGE
    headers = scene.claude.last.headers
    assert (headers["x-api-key"], headers["anthropic-beta"]) == ("sk-claude", "b")
    assert (headers["anthropic-version"], headers["authorization"]) == ("2023-06-01", None)


def test_the_log_says_the_lane_and_who_served(scene: Scene):
    line = scene.log(scene.ask("one"))

    assert (line["lane"], line["provider"], line["tries"]) == ("express", "openai", 1)
    assert line["usage"]["usage.total_tokens"] == 15


def test_the_next_target_gets_a_request_of_its_own(scene: Scene):
    scene.one.on("*", BUSY)

    answer = scene.ask("pair", stream=True, x=[1])

    assert answer.status_code == 200
    assert OPENAI_CHUNKS[0]["id"] in answer.text
    first, second = json.loads(scene.one.last.body), json.loads(scene.two.last.body)
    assert second == {**first, "model": "real-two"}
    assert (scene.two.last.path, scene.two.last.headers["authorization"]) == (
        "/deep/v1/chat/completions",
        "Bearer sk-two",
    )
    assert scene.two.last.headers["host"] == scene.two.url.removeprefix("http://")
    line = scene.log(answer)
    assert (line["option"], line["tries"], line["status"]) == ("config.targets[1]", 2, 200)


def test_when_all_have_failed_the_last_one_s_words_are_told(scene: Scene):
    scene.one.on("*", Answer.json({"error": {"message": "one is broken"}}, 500))
    scene.two.on("*", BUSY)

    answer = scene.ask("pair")

    assert answer.status_code == 429
    assert answer.json()["error"] == {
        "message": "too many requests of yours",
        "type": "rate_limit_error",
        "param": None,
        "code": "slow_down",
    }


def test_a_caller_s_mistake_is_nobody_else_s_turn(scene: Scene):
    scene.one.on("*", Answer.json({"error": {"message": "no such parameter"}}, 400))

    assert scene.ask("pair").status_code == 400
    assert scene.two.requests == []


def test_who_cannot_be_reached_is_passed_over(scene: Scene):
    answer = scene.ask("rescued")

    assert (answer.status_code, scene.log(answer)["option"]) == (200, "config.targets[1]")


def test_who_does_not_answer_in_time_is_passed_over(scene: Scene):
    scene.one.on("*", Answer.held(threading.Event()))

    answer = scene.ask("pair")

    assert (answer.status_code, scene.log(answer)["option"]) == (200, "config.targets[1]")


def test_a_target_is_tried_again_when_it_says_so(scene: Scene):
    scene.one.on("*", Answer.json({}, 429, {"retry-after": "1"}), Answer.json(OPENAI_CHAT))

    answer = scene.ask("again")

    line = scene.log(answer)
    assert (answer.status_code, line["tries"]) == (200, 2)
    assert line["duration_ms"] >= 1000


def test_a_failure_has_the_shape_of_the_path(scene: Scene):
    answer = scene.ask("dead")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "gateway_unavailable")

    scene.claude.on("*", Answer.held(threading.Event()))
    answer = scene.ask("claude", "/v1/messages")
    assert (answer.status_code, answer.json()["type"]) == (504, "error")


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}, {"role": "assistant", "content": "ok"}]


def test_what_a_content_rule_denies_is_refused_and_named_in_the_log(scene: Scene):
    answer = scene.ask("ruled", messages=said("say swordfish"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_refused")
    assert scene.one.requests == []
    line = scene.log(answer)
    assert (line["refusal"], line["rules"], line["lane"]) == ("content_refused", "word", "express")


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_content_rule_redacts_does_not_arrive(scene: Scene, *, stream: bool):
    answer = scene.ask("ruled", messages=said("it is 4111"), stream=stream)

    assert answer.status_code == 200
    assert json.loads(scene.one.last.body)["messages"] == said("it is [card]")
    assert scene.log(answer)["rules"] == "card"


def test_what_no_content_rule_finds_goes_through_as_it_is(scene: Scene):
    raw = b'{"model":"ruled", "messages":[{"role":"user","content":"hi" }]}'

    scene.client.post("/v1/chat/completions", content=raw, headers={"content-type": "application/json"})

    assert scene.one.last.body == raw.replace(b"ruled", b"real-one")


@pytest.mark.skipif(own_name() is None, reason="this machine has no name of its own in /etc/hosts")
def test_a_name_that_leads_into_a_private_network_is_refused(scene: Scene):
    answer = scene.ask("hidden")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "provider_address")
    assert scene.one.requests == []


@pytest.mark.parametrize("trusted", [True, False])
def test_a_provider_s_certificate_is_checked(issuer: Issuer, tmp_path: Path, *, trusted: bool):
    certificate, key = self_signed(tmp_path, "127.0.0.1")
    stranger, _ = self_signed(tmp_path / "stranger", "127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with (
        ReplayProvider(tls) as provider,
        Edge(
            tmp_path / "edge", ISSUER, issuer.jwks_url, free_port(), ca_bundle=certificate if trusted else stranger
        ) as edge,
    ):
        provider.on("*", every_api)
        edge.apply(policy(provider.url, provider.url, provider.url), SECRETS)
        edge.start(ready=503)
        headers = {"authorization": f"Bearer {issuer.token('search-api')}"}

        answer = httpx.post(f"{edge.url}/v1/responses", json={"model": "one"}, headers=headers, trust_env=False)

        assert (answer.status_code, len(provider.requests)) == ((200, 1) if trusted else (503, 0))
        assert (edge.stat("cluster.express/one.ssl.fail_verify_error") != "0") is not trusted
