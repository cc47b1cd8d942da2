"""Portkey as a process: what it listens on, how much header it takes, what it logs, how it stops."""

import json
import re
import signal
import threading
from typing import Any

import httpx
import psutil
import pytest

from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import (
    OPENAI_CHAT,
    OPENAI_CHUNKS,
    PATHS,
    anthropic,
    bedrock,
    google,
    openai,
)
from support.ports import free_port
from support.processes import wait_until
from support.replay_provider import CUT, Answer, ReplayProvider

ROOM_FOR_THE_REST = 400
"""Bytes that the other headers of a test's request take."""


def config_of_size(provider: ReplayProvider, size: int) -> dict[str, Any]:
    config = openai(provider.url, id="")
    return {**config, "id": "x" * (size - len(json.dumps(config)))}


@pytest.fixture(scope="module")
def roomy() -> Any:
    with Portkey("--max-http-header-size=65536") as running:
        yield running


def test_it_listens_on_every_interface(portkey: Portkey):
    """There is no option for the address: whoever starts it has to see to that."""
    listening = [c.laddr for c in psutil.Process(portkey.process.pid).net_connections() if c.status == "LISTEN"]

    (address,) = listening
    assert (address.ip in ("::", "0.0.0.0"), address.port) == (True, portkey.port)


@pytest.mark.parametrize("path", ["/log/stream", "/public/"])
def test_headless_has_no_web_console(portkey: Portkey, path: str):
    """The console streams every request to whoever asks, with the provider's key."""
    assert portkey.client.get(path).status_code == 404


@pytest.mark.parametrize(("size", "fits"), [(16_384 - ROOM_FOR_THE_REST, True), (16_384, False)])
def test_a_config_fits_in_16_kib_of_headers(portkey: Portkey, provider: ReplayProvider, size: int, fits: bool):
    provider.on(PATHS["chat"], Answer.json(OPENAI_CHAT))

    assert fits_in(portkey, config_of_size(provider, size)) == fits


@pytest.mark.parametrize(("size", "fits"), [(65_536 - ROOM_FOR_THE_REST, True), (65_536, False)])
def test_a_node_option_makes_room_for_64_kib(roomy: Portkey, provider: ReplayProvider, size: int, fits: bool):
    provider.on(PATHS["chat"], Answer.json(OPENAI_CHAT))

    assert fits_in(roomy, config_of_size(provider, size)) == fits


def fits_in(portkey: Portkey, config: dict[str, Any]) -> bool:
    """Too much is answered 431, or by a reset while the header is still being sent."""
    try:
        return portkey.ask("chat", config).status_code == 200
    except httpx.TransportError:
        return False


def test_loopback_is_trusted_as_a_custom_host_unless_others_are_named(provider: ReplayProvider):
    provider.on(PATHS["chat"], Answer.json(OPENAI_CHAT))

    with Portkey() as default, Portkey(env={"TRUSTED_CUSTOM_HOSTS": "-"}) as strict:
        statuses = [each.ask("chat", openai(provider.url)).status_code for each in (default, strict)]

    assert statuses == [200, 400]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cuts_open_streams(provider: ReplayProvider, number: signal.Signals):
    """Nothing is drained: whoever stops it has to wait for the streams first."""
    provider.on(PATHS["chat"], Answer.sse([OPENAI_CHUNKS[0], threading.Event()]))

    with Portkey() as portkey, portkey.stream("chat", openai(provider.url)) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        portkey.process.send_signal(number)

        assert portkey.process.wait(5) == -number
        with pytest.raises(httpx.RemoteProtocolError):
            next(pieces)


CANARIES = {"the key": "KEY-CANARY", "the request": "PROMPT-CANARY", "the answer": "ANSWER-CANARY"}
ASKING = {"model": "m", "messages": [{"role": "user", "content": CANARIES["the request"]}]}


def _chat(portkey: Portkey, config: dict[str, Any], **fields: Any) -> None:
    portkey.ask("chat", config, {**ASKING, **fields})


def _plain(portkey: Portkey, url: str) -> None:
    _chat(portkey, openai(url, api_key=CANARIES["the key"]))


def _streamed(portkey: Portkey, url: str) -> None:
    _chat(portkey, openai(url, api_key=CANARIES["the key"]), stream=True)


def _bedrock_streamed(portkey: Portkey, url: str) -> None:
    _chat(portkey, bedrock(url, aws_secret_access_key=CANARIES["the key"]), stream=True)


def _nobody_there(portkey: Portkey, url: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    _chat(portkey, google(nobody) | {"api_key": CANARIES["the key"]})


def _broken_config(portkey: Portkey, url: str) -> None:
    headers = {"x-portkey-config": f'{{"api_key": "{CANARIES["the key"]}"'}
    portkey.client.post(PATHS["chat"], json=ASKING, headers=headers)


def _denied(portkey: Portkey, url: str) -> None:
    rule = {"default.regexMatch": {"rule": "CANARY", "not": True}, "deny": True}
    _chat(portkey, openai(url, api_key=CANARIES["the key"], input_guardrails=[rule]))


def _said(**message: Any) -> dict[str, Any]:
    return {**OPENAI_CHAT, "choices": [{"index": 0, "message": {"role": "assistant", **message}}]}


@pytest.mark.parametrize(
    ("act", "answer"),
    [
        pytest.param(_plain, Answer.json(_said(content="ANSWER-CANARY")), id="an answer"),
        pytest.param(_plain, Answer.json({"error": {"message": "ANSWER-CANARY"}}, status=500), id="an error"),
        pytest.param(
            _plain, Answer([b"a text: ANSWER-CANARY"], 200, {"content-type": "application/json"}), id="no JSON"
        ),
        pytest.param(_streamed, Answer.sse([{"text": "ANSWER-CANARY"}, "[DONE]"]), id="a stream"),
        pytest.param(_streamed, Answer.sse([{"text": "ANSWER-CANARY"}, CUT]), id="a cut stream"),
        pytest.param(_bedrock_streamed, Answer.aws_stream([("x", {"text": "ANSWER-CANARY"})]), id="a bedrock stream"),
        pytest.param(_nobody_there, None, id="nobody there"),
        pytest.param(_broken_config, None, id="a broken config"),
        pytest.param(_denied, None, id="a refusal"),
    ],
)
def test_nothing_of_keys_or_texts_is_logged(
    portkey: Portkey, provider: ReplayProvider, act: Any, answer: Answer | None
):
    if answer:
        provider.on("*", answer)

    act(portkey, provider.url)
    log = settled_log(portkey)

    assert [what for what, canary in CANARIES.items() if canary in log] == []


def settled_log(portkey: Portkey) -> str:
    """The log after everything until now has been written: a broken request leaves a last line to wait for."""
    seen = len(re.findall("chatCompletionsHandler", portkey.process.output))
    headers = {"x-portkey-config": json.dumps(anthropic("http://127.0.0.1:1")), "content-type": "application/json"}
    portkey.client.post(PATHS["chat"], content=b"[", headers=headers)
    wait_until(lambda: len(re.findall("chatCompletionsHandler", portkey.process.output)) > seen, "the log to catch up")
    return portkey.process.output


def test_a_body_that_is_not_json_is_logged_in_part(portkey: Portkey, provider: ReplayProvider):
    """The parser quotes some ten characters, or all of a short body: the edge has to refuse such bodies itself."""
    headers = {"x-portkey-config": json.dumps(openai(provider.url)), "content-type": "application/json"}

    answer = portkey.client.post(PATHS["chat"], content=b"BROKEN-BODY{", headers=headers)

    assert (answer.status_code, answer.text) == (500, '{"status":"failure","message":"Something went wrong"}')
    assert "BROKEN-BODY" in settled_log(portkey)


def test_a_key_with_a_control_character_is_told_to_the_client(provider: ReplayProvider):
    """So a key may hold only visible ASCII characters; nothing else must get into a config."""
    with Portkey() as portkey:
        answer = portkey.ask("chat", openai(provider.url, api_key="KEY-CANARY\nx"))

        assert answer.status_code == 500
        assert "KEY-CANARY" in answer.text
        assert "KEY-CANARY" in settled_log(portkey)


def test_a_request_for_a_group_without_targets_is_never_answered():
    """In its first second, before its handlers for uncaught errors are set, such a request even ends the process."""
    with Portkey() as portkey:
        wait_until(lambda: "Ready for connections" in portkey.process.output, "its handlers to be set")
        portkey.client.timeout = 0.3

        with pytest.raises(httpx.ReadTimeout):
            portkey.ask("chat", {"strategy": {"mode": "fallback"}, "targets": []})

        assert "res.arrayBuffer is not a function" in portkey.process.output
