"""Where a guardrail looks away. Each of these is a limit of the scanner that the product has to state or to close.

What is said of texts here holds for Portkey's own patterns and for Bedrock's guardrails; a webhook is given everything.
"""

from typing import Any

import pytest

from gateway.portkey_contract.guardrails.test_guardrails import DENY, DENY_HELLO, SECRET, saying
from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import (
    BODIES,
    OPENAI_CHAT,
    OPENAI_CHUNKS,
    RESPONSE,
    anthropic,
    every_api,
    openai,
)
from support.replay_provider import Answer, ReplayProvider


@pytest.fixture(autouse=True)
def _providers_work(provider: ReplayProvider) -> None:
    provider.on("*", every_api)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def test_requests_to_responses_are_not_checked(portkey: Portkey, provider: ReplayProvider):
    answer = portkey.ask("responses", openai(provider.url, input_guardrails=DENY), saying("responses", SECRET))

    assert answer.json() == {**RESPONSE, "provider": "openai"}
    assert provider.last.json["input"] == SECRET


def test_requests_to_count_tokens_are_not_checked(portkey: Portkey, provider: ReplayProvider):
    body = {**BODIES["count_tokens"], "messages": [user(SECRET)]}

    answer = portkey.ask("count_tokens", anthropic(provider.url, input_guardrails=DENY), body)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([user(SECRET), user("go on")], id="an earlier message"),
        pytest.param([{"role": "system", "content": SECRET}, user("go on")], id="the system prompt"),
        pytest.param([user([{"type": "image_url", "image_url": {"url": SECRET}}])], id="a part that is no text"),
    ],
)
def test_only_text_of_the_last_chat_message_is_checked(portkey: Portkey, provider: ReplayProvider, messages: Any):
    body = {**BODIES["chat"], "messages": messages}

    answer = portkey.ask("chat", openai(provider.url, input_guardrails=DENY), body)

    assert answer.status_code == 200
    assert SECRET in provider.last.body.decode()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"system": SECRET}, id="the system prompt"),
        pytest.param(
            {"messages": [user([{"type": "tool_result", "tool_use_id": "t", "content": SECRET}])]}, id="a tool's result"
        ),
    ],
)
def test_messages_are_checked_as_little(portkey: Portkey, provider: ReplayProvider, fields: dict[str, Any]):
    body = {**BODIES["messages"], **fields}

    answer = portkey.ask("messages", anthropic(provider.url, input_guardrails=DENY), body)

    assert answer.status_code == 200
    assert SECRET in provider.last.body.decode()


def test_text_parts_of_the_last_message_are_checked(portkey: Portkey, provider: ReplayProvider):
    body = {**BODIES["chat"], "messages": [user([{"type": "text", "text": SECRET}])]}

    assert portkey.ask("chat", openai(provider.url, input_guardrails=DENY), body).status_code == 446


def test_streamed_answers_are_not_checked(portkey: Portkey, provider: ReplayProvider):
    with portkey.stream("chat", openai(provider.url, output_guardrails=DENY_HELLO)) as answer:
        received = answer.read()

    assert answer.status_code == 200
    assert received == b"".join(piece for piece in Answer.sse(OPENAI_CHUNKS).pieces if isinstance(piece, bytes))


def test_arguments_of_tool_calls_are_not_checked(portkey: Portkey, provider: ReplayProvider):
    call = {"id": "t", "type": "function", "function": {"name": "say", "arguments": '{"text": "hello"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    provider.on("*", Answer.json({**OPENAI_CHAT, "choices": [{"index": 0, "message": message}]}))

    assert portkey.ask("chat", openai(provider.url, output_guardrails=DENY_HELLO)).status_code == 200


@pytest.mark.parametrize(
    "check",
    [
        pytest.param({"default.regexMatch": {"rule": "(", "not": True}}, id="a pattern that is none"),
        pytest.param({"default.no_such_check": {}}, id="a check that does not exist"),
    ],
)
def test_a_broken_check_lets_everything_pass(portkey: Portkey, provider: ReplayProvider, check: Any):
    config = openai(provider.url, input_guardrails=[{**check, "deny": True}])

    assert portkey.ask("chat", config, saying("chat", SECRET)).status_code == 200


@pytest.mark.parametrize(("fail_on_error", "status"), [(False, 200), (True, 446)])
def test_fail_on_error_refuses_when_a_check_fails_but_also_when_there_is_no_text(
    portkey: Portkey, provider: ReplayProvider, fail_on_error: bool, status: int
):
    check = {**DENY[0]["default.regexMatch"], "failOnError": fail_on_error}  # type: ignore[dict-item]
    config = openai(provider.url, input_guardrails=[{"default.regexMatch": check, "deny": True}])

    assert portkey.ask("chat", config, saying("chat", "")).status_code == status
