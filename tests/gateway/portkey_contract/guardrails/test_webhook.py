"""The plugin `default.webhook`, by which the agent looks at whole conversations: what it is given, and what it decides.

The stranger plays the agent.
"""

import threading
from typing import Any

import pytest

from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import BODIES, MESSAGE, OPENAI_CHAT, anthropic, every_api, openai
from support.ports import free_port
from support.replay_provider import CUT, Answer, ReplayProvider

BUILD = {"chat": openai, "messages": anthropic, "embeddings": openai}
PASSED = {"verdict": True, "data": ""}


def asking(url: str, **more: Any) -> list[dict[str, Any]]:
    check = {"webhookURL": f"{url}/", "headers": {"x-gw-rules": "[1]"}, "failOnError": True, **more}
    return [{"id": "patterns", "default.webhook": check, "deny": True}]


@pytest.fixture(autouse=True)
def _everybody_works(provider: ReplayProvider, stranger: ReplayProvider) -> None:
    provider.on("*", every_api)
    stranger.on("*", Answer.json(PASSED))


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("api", ["chat", "messages", "embeddings"])
def test_it_is_given_the_whole_request_and_no_key(
    portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider, api: str, stream: bool
):
    body = {**BODIES[api], "stream": stream}

    portkey.ask(api, BUILD[api](provider.url, input_guardrails=asking(stranger.url)), body)

    asked = stranger.last
    assert (asked.json["eventType"], asked.json["request"]["json"]) == ("beforeRequestHook", body)
    assert asked.headers["x-gw-rules"] == "[1]"
    assert asked.headers["content-length"] == str(len(asked.body))
    assert "headers" not in asked.json["request"]
    assert "sk-" not in f"{asked.headers}{asked.body!r}"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("api", ["chat", "messages", "embeddings"])
def test_what_it_gives_back_replaces_the_whole_request(
    portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider, api: str, stream: bool
):
    body = {**BODIES[api], "stream": stream}
    texts = {"messages": [{"role": "user", "content": "[x]"}]} if "messages" in body else {"input": ["[x]"]}
    changed = {**body, **texts}
    stranger.on("*", Answer.json({**PASSED, "transformedData": {"request": {"json": changed}}}))

    answer = portkey.ask(api, BUILD[api](provider.url, input_guardrails=asking(stranger.url)), body)

    assert answer.status_code == 200
    assert texts.items() <= provider.last.json.items()


@pytest.mark.parametrize(("api", "said"), [("chat", OPENAI_CHAT), ("messages", MESSAGE)])
def test_what_it_gives_back_replaces_the_whole_answer(
    portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider, api: str, said: dict[str, Any]
):
    changed = {**said, "id": "changed"}
    stranger.on("*", Answer.json({**PASSED, "transformedData": {"response": {"json": changed}}}))

    answer = portkey.ask(api, BUILD[api](provider.url, output_guardrails=asking(stranger.url)))

    asked = stranger.last.json
    assert (asked["eventType"], asked["response"]["json"]["id"]) == ("afterRequestHook", said["id"])
    assert {name: answer.json()[name] for name in changed} == changed


def test_what_it_says_beside_the_verdict_is_in_the_result(
    portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider
):
    stranger.on("*", Answer.json({"verdict": False, "data": "one,two"}))

    answer = portkey.ask("chat", openai(provider.url, input_guardrails=asking(stranger.url)))

    (guardrail,) = answer.json()["hook_results"]["before_request_hooks"]
    (check,) = guardrail["checks"]
    assert (answer.status_code, guardrail["deny"], provider.requests) == (446, True, [])
    assert (check["id"], check["data"]["responseData"]) == ("default.webhook", "one,two")
    assert "error" not in check


def text(status: int, said: bytes) -> Answer:
    return Answer([said], status, {"content-type": "text/plain"}, chunked=False)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(text(500, b""), id="an error"),
        pytest.param(text(200, b"no JSON"), id="no JSON"),
        pytest.param(Answer.json(b"null"), id="null"),
        pytest.param(Answer([CUT]), id="no answer"),
        pytest.param(Answer([b'{"verdict"', CUT], headers={"content-type": "application/json"}), id="half an answer"),
    ],
)
@pytest.mark.parametrize("side", ["input", "output"])
def test_what_is_no_answer_refuses_and_is_an_error(
    portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider, said: Answer, side: str
):
    stranger.on("*", said)

    answer = portkey.ask("chat", openai(provider.url, **{f"{side}_guardrails": asking(stranger.url)}))

    hooks = answer.json()["hook_results"]
    (guardrail,) = hooks["before_request_hooks"] or hooks["after_request_hooks"]
    assert (answer.status_code, guardrail["deny"]) == (446, True)
    assert "error" in guardrail["checks"][0]
    assert len(provider.requests) == (1 if side == "output" else 0)


@pytest.mark.parametrize("api", ["chat", "messages", "embeddings"])
def test_nobody_at_the_address_refuses(portkey: Portkey, provider: ReplayProvider, api: str):
    dead = asking(f"http://127.0.0.1:{free_port()}")

    answer = portkey.ask(api, BUILD[api](provider.url, input_guardrails=dead))

    assert (answer.status_code, provider.requests) == (446, [])


def test_an_answer_that_does_not_come_in_time_refuses(
    portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider
):
    never = threading.Event()
    stranger.on("*", Answer.held(never))

    answer = portkey.ask("chat", openai(provider.url, input_guardrails=asking(stranger.url, timeout=100)))
    never.set()

    assert (answer.status_code, provider.requests) == (446, [])


def test_no_verdict_refuses(portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider):
    stranger.on("*", Answer.json({"data": ""}))

    assert portkey.ask("chat", openai(provider.url, input_guardrails=asking(stranger.url))).status_code == 446


def test_an_error_that_claims_to_be_json_and_is_not_lets_everything_pass(
    portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider
):
    """So the agent says its errors as plain text."""
    stranger.on("*", Answer.json(b"{", status=500))

    assert portkey.ask("chat", openai(provider.url, input_guardrails=asking(stranger.url))).status_code == 200


def test_every_target_of_a_fallback_gets_what_it_gave_back(
    portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider
):
    changed = {**BODIES["chat"], "messages": [{"role": "user", "content": "[x]"}]}
    stranger.on("*", Answer.json({**PASSED, "transformedData": {"request": {"json": changed}}}))
    provider.on("*", Answer.json({"error": {"message": "busy"}}, status=503), every_api)
    group = {
        "strategy": {"mode": "fallback", "on_status_codes": [503]},
        "targets": [openai(provider.url), openai(provider.url)],
        "input_guardrails": asking(stranger.url),
    }

    answer = portkey.ask("chat", group)

    assert answer.status_code == 200
    assert [each.json["messages"] for each in provider.requests] == [changed["messages"]] * 2
