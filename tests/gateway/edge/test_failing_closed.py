"""What happens when a part of the gateway is missing or broken: nothing gets through, and the answer says so."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import ISSUER, Issuer
from gateway.edge.kit.policies import SECRETS, policy
from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import OPENAI_CHAT, PATHS
from gwctl.agent.metering.gate import CLOSED, OPEN
from gwctl.core.files import write_atomically
from support.ports import free_port
from support.processes import wait_until
from support.replay_provider import Answer, ReplayProvider

BODY = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}


def ask(edge: Edge, issuer: Issuer, path: str = PATHS["chat"]) -> httpx.Response:
    headers = {"authorization": f"Bearer {issuer.token('search-api')}"}
    return httpx.post(edge.url + path, json=BODY, headers=headers, timeout=10, trust_env=False)


def wait_refused(edge: Edge, issuer: Issuer, code: str) -> httpx.Response:
    """The first answer with this code; until the issuer's keys are there it is another one."""

    def find() -> httpx.Response | None:
        answer = ask(edge, issuer)
        return answer if answer.json().get("error", {}).get("code") == code else None

    answer = wait_until(find, f"the refusal {code}")
    assert answer is not None
    return answer


def test_without_a_policy_nothing_is_served(edge: Edge, issuer: Issuer, provider: ReplayProvider):
    edge.start(ready=503)

    assert wait_refused(edge, issuer, "gateway_unavailable").status_code == 503


def test_the_first_policy_opens_the_gateway(edge: Edge, issuer: Issuer, provider: ReplayProvider):
    provider.on("*", Answer.json(OPENAI_CHAT))
    edge.start(ready=503)

    edge.apply(policy(provider.url), SECRETS)

    wait_until(lambda: edge.health() == 200, "/healthz to be 200")
    assert wait_until(lambda: ask(edge, issuer).status_code == 200, "a request to be served")


def test_a_script_that_raises_lets_nothing_through(edge: Edge, issuer: Issuer, provider: ReplayProvider):
    files = edge.apply(policy(provider.url), SECRETS)
    edge.start()
    broken = json.loads(files.policy)
    script = broken["resources"][0]["typed_config"]["default_source_code"]
    script["inline_string"] = "function envoy_on_request() error('broken') end"

    edge.write_policy(json.dumps({**broken, "version_info": "broken"}).encode())
    edge.wait_policy("broken")
    answer = ask(edge, issuer)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "gateway_unavailable")
    assert provider.requests == []


def test_a_script_that_is_none_leaves_the_last_one_in_force(edge: Edge, issuer: Issuer, provider: ReplayProvider):
    provider.on("*", Answer.json(OPENAI_CHAT))
    files = edge.apply(policy(provider.url), SECRETS)
    edge.start()
    broken = json.loads(files.policy)
    broken["resources"][0]["typed_config"]["default_source_code"]["inline_string"] = "function ("

    edge.write_policy(json.dumps({**broken, "version_info": "broken"}).encode())
    wait_until(lambda: edge.stat("extension_config_discovery.http_filter.policy.update_rejected") == "1", "a rejection")

    assert wait_until(lambda: ask(edge, issuer).status_code == 200, "a request to be served")


def test_a_key_that_changes_needs_only_the_file_of_secrets(edge: Edge, issuer: Issuer, provider: ReplayProvider):
    provider.on("*", Answer.json(OPENAI_CHAT))
    edge.apply(policy(provider.url), SECRETS)
    edge.start()
    wait_until(lambda: ask(edge, issuer).status_code == 200, "a request to be served")

    edge.write_secrets(policy(provider.url, version=2), {**SECRETS, "openai": {"api_key": "sk-new"}})

    def key() -> str:
        ask(edge, issuer)
        return provider.last.headers["authorization"]

    wait_until(lambda: key() == "Bearer sk-new", "the new key to be sent")


def test_a_policy_changes_without_a_dropped_stream(edge: Edge, issuer: Issuer, provider: ReplayProvider):
    go_on = threading.Event()
    provider.on("*", Answer.sse([{"n": 1}, go_on, {"n": 2}, "[DONE]"]))
    edge.apply(policy(provider.url), SECRETS)
    edge.start()
    headers = {"authorization": f"Bearer {issuer.token('search-api')}"}
    with (
        httpx.Client(base_url=edge.url, headers=headers, trust_env=False, timeout=10) as client,
        client.stream("POST", PATHS["chat"], json={**BODY, "stream": True}) as answer,
    ):
        pieces = answer.iter_raw()
        next(pieces)
        routes = [{"id": "other", "targets": [{"provider": "openai", "model": "m"}]}]
        new = edge.apply(policy(provider.url, version=2, routes=routes, scanner=[]), SECRETS)
        edge.wait_policy(new.version)
        refused = client.post(PATHS["chat"], json=BODY)
        go_on.set()
        rest = b"".join(pieces)

    assert refused.json()["error"]["code"] == "model_not_found"
    assert b'{"n": 2}' in rest
    assert b"[DONE]" in rest


def test_healthz_follows_portkey(issuer: Issuer, provider: ReplayProvider, tmp_path: Path):
    with (
        Portkey(env={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1"}) as portkey,
        Edge(tmp_path / "edge", ISSUER, issuer.jwks_url, portkey.port) as edge,
    ):
        edge.apply(policy(provider.url), SECRETS)
        edge.start()
        portkey.process.send_signal(signal.SIGKILL)
        wait_until(lambda: edge.health() == 503, "/healthz to be 503")
        answer = ask(edge, issuer)
        line = edge.log(answer.headers["x-request-id"])

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "gateway_unavailable")
    assert (line["status"], line["refusal"], line["upstream"]) == (503, None, None)


def test_tokens_that_cannot_be_checked_are_not_called_bad(portkey: Portkey, provider: ReplayProvider, tmp_path: Path):
    with Issuer() as issuer, Edge(tmp_path, ISSUER, f"http://127.0.0.1:{free_port()}/jwks", portkey.port) as edge:
        edge.apply(policy(provider.url), SECRETS)
        edge.start()
        answer = ask(edge, issuer)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "issuer_unavailable")
    assert "www-authenticate" not in answer.headers


@contextmanager
def connection(edge: Edge) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", edge.settings.listen_port), timeout=10) as each:
        yield each


def test_slow_clients_are_sent_away(issuer: Issuer, portkey: Portkey, provider: ReplayProvider, tmp_path: Path):
    with Edge(tmp_path, ISSUER, issuer.jwks_url, portkey.port, header_seconds=1, body_seconds=2) as edge:
        edge.apply(policy(provider.url), SECRETS)
        edge.start()
        begun = time.monotonic()
        with connection(edge) as headers, connection(edge) as body:
            headers.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n")
            token = issuer.token("search-api")
            head = (
                f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 9\r\n\r\n"
            )
            body.sendall(head.encode() + b"{")
            answers = [headers.recv(4096), body.recv(4096)]
        took = time.monotonic() - begun

    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    assert b'"type":"error"' in answers[1]
    assert 0.9 < took < 6


def test_connections_are_limited(issuer: Issuer, portkey: Portkey, provider: ReplayProvider, tmp_path: Path):
    with Edge(tmp_path, ISSUER, issuer.jwks_url, portkey.port, max_connections=3) as edge:
        edge.apply(policy(provider.url), SECRETS)
        edge.start()
        opened = [socket.create_connection(("127.0.0.1", edge.settings.listen_port), timeout=5) for _ in range(4)]
        try:
            closed = opened[-1].recv(1) == b""
        finally:
            for each in opened:
                each.close()

    assert closed


def press(edge: Edge, word: bytes) -> None:
    """As the agent tells the edge to refuse everything, or not to."""
    write_atomically(edge.settings.pressure_file, word)


def test_an_edge_that_is_told_so_refuses_everything_and_writes_no_line_about_it(
    edge: Edge, issuer: Issuer, provider: ReplayProvider
):
    provider.on("*", Answer.json(OPENAI_CHAT))
    edge.apply(policy(provider.url), SECRETS)
    press(edge, CLOSED)
    edge.start(ready=503)
    headers = {"authorization": f"Bearer {issuer.token('search-api')}", "x-request-id": "of-the-client"}

    chat = httpx.post(edge.url + PATHS["chat"], json=BODY, headers=headers, trust_env=False)
    messages = httpx.post(edge.url + PATHS["messages"], json=BODY, headers=headers, trust_env=False)
    press(edge, OPEN)
    wait_until(lambda: edge.health() == 200, "/healthz to be 200")
    wait_until(lambda: ask(edge, issuer).status_code == 200, "a request to be served")

    assert (chat.status_code, chat.json()["error"]["code"]) == (503, "gateway_unavailable")
    assert (messages.status_code, messages.json()["error"]["type"]) == (503, "api_error")
    assert edge.next_line(0)
    assert not [line for line in edge.log_lines() if line["details"] == "overload"], "there is no room for lines"


def test_requests_in_flight_end_when_an_edge_is_told_to_refuse(edge: Edge, issuer: Issuer, provider: ReplayProvider):
    go_on = threading.Event()
    provider.on("*", Answer.held(go_on, Answer.json(OPENAI_CHAT)))
    edge.apply(policy(provider.url), SECRETS)
    edge.start()
    with ThreadPoolExecutor(1) as senders:
        asked = senders.submit(ask, edge, issuer)
        wait_until(lambda: provider.requests, "the request to be in flight")
        press(edge, CLOSED)
        wait_until(lambda: edge.health() == 503, "/healthz to be 503")
        go_on.set()

        assert asked.result().status_code == 200
