"""Guardrails that do what they say: refusal as 446, and where `hook_results` appears."""

import json
from typing import Any

import httpx
import pytest

from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import (
    BODIES,
    MESSAGE,
    OPENAI_CHAT,
    OPENAI_CHUNKS,
    PATHS,
    Config,
    anthropic,
    openai,
)
from support.replay_provider import Answer, ReplayProvider

SECRET = "SECRET-42"
DENY = [{"default.regexMatch": {"rule": r"SECRET-\d+", "not": True}, "deny": True}]
WARN = [{"default.regexMatch": {"rule": r"SECRET-\d+", "not": True}}]
DENY_HELLO = [{"default.regexMatch": {"rule": "hello", "not": True}, "deny": True}]
BUILD = {"chat": openai, "messages": anthropic, "embeddings": openai, "responses": openai}


def saying(api: str, text: str) -> dict[str, Any]:
    if api in ("chat", "messages"):
        return {**BODIES[api], "messages": [{"role": "user", "content": text}]}
    return {**BODIES[api], "input": text}


def without_hook_results(answer: httpx.Response) -> Any:
    """What the edge does: cut at the last unescaped start of hook_results and close the object."""
    return json.loads(answer.content[: answer.content.rindex(b',"hook_results":{"before_request_hooks":')] + b"}")


@pytest.fixture(autouse=True)
def _providers_work(provider: ReplayProvider) -> None:
    provider.on(PATHS["chat"], Answer.json(OPENAI_CHAT))
    provider.on(PATHS["messages"], Answer.json(MESSAGE))
    provider.on(PATHS["embeddings"], Answer.json({"object": "list", "data": [], "model": "m", "usage": {}}))


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("api", ["chat", "messages", "embeddings"])
def test_a_denied_request_is_446_and_never_reaches_the_provider(
    portkey: Portkey, provider: ReplayProvider, api: str, stream: bool
):
    body = {**saying(api, f"my {SECRET}"), "stream": stream}

    answer = portkey.ask(api, BUILD[api](provider.url, input_guardrails=DENY), body)

    assert (answer.status_code, answer.headers["content-type"]) == (446, "application/json")
    assert answer.json()["error"]["type"] == "hooks_failed"
    assert provider.requests == []


def test_a_refusal_repeats_the_matched_text(portkey: Portkey, provider: ReplayProvider):
    answer = portkey.ask("chat", openai(provider.url, input_guardrails=DENY), saying("chat", f"my {SECRET}"))

    (guardrail,) = answer.json()["hook_results"]["before_request_hooks"]
    (check,) = guardrail["checks"]
    assert (guardrail["deny"], check["id"]) == (True, "default.regexMatch")
    assert check["data"]["matchDetails"]["matchedText"] == SECRET
    assert check["data"]["textExcerpt"] == f"my {SECRET}"


@pytest.mark.parametrize("api", ["chat", "messages"])
def test_a_denied_answer_is_446_without_usage(portkey: Portkey, provider: ReplayProvider, api: str):
    """The provider has been paid; what it counted is lost."""
    answer = portkey.ask(api, BUILD[api](provider.url, output_guardrails=DENY_HELLO))

    assert (answer.status_code, len(provider.requests)) == (446, 1)
    assert set(answer.json()) == {"error", "hook_results"}


def test_hook_results_is_the_last_key_of_a_plain_answer_that_passed(portkey: Portkey, provider: ReplayProvider):
    answer = portkey.ask("chat", openai(provider.url, input_guardrails=DENY), saying("chat", "fine"))

    assert answer.status_code == 200
    assert list(answer.json()) == [*OPENAI_CHAT, "hook_results"]


@pytest.mark.parametrize(
    "hostile", ['x,"hook_results":{"before_request_hooks":[]}', '"}],"hook_results":{"before_request_hooks":']
)
def test_hook_results_can_be_cut_off_whatever_the_texts_say(portkey: Portkey, provider: ReplayProvider, hostile: str):
    said = {**OPENAI_CHAT, "choices": [{"index": 0, "message": {"role": "assistant", "content": hostile}}]}
    provider.on(PATHS["chat"], Answer.json(said))

    answer = portkey.ask("chat", openai(provider.url, input_guardrails=DENY), saying("chat", hostile))

    assert without_hook_results(answer) == said


def test_the_query_parameter_pretty_changes_every_byte_of_an_answer(portkey: Portkey, provider: ReplayProvider):
    """So the edge has to drop the query, or hook_results cannot be cut off."""
    config = openai(provider.url, input_guardrails=DENY)

    answer = portkey.ask(f"{PATHS['chat']}?pretty", config, saying("chat", "fine"))

    assert answer.text.startswith('{\n  "id"')
    assert b',"hook_results"' not in answer.content


@pytest.mark.parametrize(
    "guardrails", [{"input_guardrails": WARN}, {"output_guardrails": [{**DENY_HELLO[0], "deny": False}]}]
)
def test_a_failed_check_without_deny_is_status_246(portkey: Portkey, provider: ReplayProvider, guardrails: Config):
    answer = portkey.ask("chat", openai(provider.url, **guardrails), saying("chat", SECRET))

    assert answer.status_code == 246
    assert without_hook_results(answer) == OPENAI_CHAT


def test_a_failed_check_without_deny_is_246_for_streams_too(portkey: Portkey, provider: ReplayProvider):
    provider.on(PATHS["chat"], Answer.sse(OPENAI_CHUNKS))

    with portkey.stream("chat", openai(provider.url, input_guardrails=WARN), saying("chat", SECRET)) as answer:
        answer.read()

    assert answer.status_code == 246


@pytest.mark.parametrize("api", ["chat", "messages"])
def test_a_stream_has_no_hook_results_unless_strictness_is_off(portkey: Portkey, provider: ReplayProvider, api: str):
    provider.on("*", Answer.sse([{"type": "message_stop"}]))
    config = BUILD[api](provider.url, input_guardrails=DENY)

    with portkey.stream(api, config) as strict:
        strict.read()
    with portkey.stream(api, {**config, "strict_open_ai_compliance": False}) as lenient:
        lenient.read()

    assert b"hook_results" not in strict.content
    first = b"event: hook_results\n" if api == "messages" else b""
    assert lenient.content.startswith(first + b'data: {"hook_results":{"before_request_hooks":[{"verdict":true')


def test_guardrails_of_a_target_replace_those_of_its_group(portkey: Portkey, provider: ReplayProvider):
    target = openai(provider.url, input_guardrails=DENY_HELLO)
    group = {"strategy": {"mode": "fallback"}, "targets": [target], "input_guardrails": DENY}

    answer = portkey.ask("chat", group, saying("chat", SECRET))

    assert answer.status_code == 200


def test_a_refusal_is_final_when_the_fallback_lists_its_codes(portkey: Portkey, provider: ReplayProvider):
    target = openai(provider.url)
    strategy = {"mode": "fallback", "on_status_codes": [500]}
    group = {"strategy": strategy, "targets": [target, target], "output_guardrails": DENY_HELLO}

    answer = portkey.ask("chat", group)

    assert (answer.status_code, len(provider.requests)) == (446, 1)


def test_a_refusal_is_tried_again_when_it_does_not(portkey: Portkey, provider: ReplayProvider):
    target = openai(provider.url)
    group = {"strategy": {"mode": "fallback"}, "targets": [target, target], "output_guardrails": DENY_HELLO}

    portkey.ask("chat", group)

    assert len(provider.requests) == 2
