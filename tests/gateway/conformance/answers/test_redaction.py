"""Content rules that redact: what they find in a conversation never arrives, and nothing else is changed."""

import json
from typing import Any

import pytest

from gateway.conformance.answers.test_guardrails import INNARDS, calling, saying
from gateway.conformance.kit.lab import CARD, REDACTED, Lab
from gateway.conformance.kit.shapes import assert_refused
from gateway.portkey_contract.recipes import MESSAGE, OPENAI_CHAT
from gwctl.core.names import Api
from support.replay_provider import Answer

TOOLS = [
    {"type": "function", "function": {"name": "pay", "description": "Pays.", "parameters": {"type": "object"}}},
]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(
    ("api", "model", "provider"), [("chat", "redacted", "one"), ("messages", "claude-redacted", "claude")]
)
def test_what_a_rule_redacts_does_not_reach_the_provider(
    lab: Lab, api: Api, model: str, provider: str, *, streamed: bool
):
    answer = lab.caller.ask(api, model, messages=saying(f"my card is {CARD}, thanks"), stream=streamed)

    assert answer.status_code == 200, answer.text
    sent = lab[provider].last.body.decode()
    assert CARD not in sent
    assert f"my card is {REDACTED}, thanks" in sent


@pytest.mark.parametrize("role", ["system", "user"])
def test_every_occurrence_is_redacted(lab: Lab, role: str):
    text = f"a {CARD} b 4222222222222222 c {CARD.replace(' ', '-')}"
    messages = [{"role": role, "content": text}, *saying("hi")][: 2 if role == "system" else 1]

    lab.caller.ask("chat", "redacted", messages=messages)

    assert lab["one"].last.json["messages"][0]["content"] == f"a {REDACTED} b {REDACTED} c {REDACTED}"


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_the_whole_conversation_is_redacted_and_nothing_else_is_changed(lab: Lab, *, streamed: bool):
    def conversation(card: str) -> list[dict[str, Any]]:
        turns = [*saying(f"my card is {card}"), {"role": "assistant", "content": f"{card}, noted"}] * 25
        return [{"role": "system", "content": f"never say {card}"}, *turns, *calling(card), *saying("go on")]

    fields = {"temperature": 0.25, "max_tokens": 77, "stop": ["x"], "tools": TOOLS, "stream": streamed}
    answer = lab.caller.ask("chat", "redacted", messages=conversation(CARD), **fields)

    assert answer.status_code == 200, answer.text
    sent = lab["one"].last.json
    assert sent["messages"] == conversation(REDACTED)
    assert {name: sent[name] for name in fields if name != "stream"} == {
        name: value for name, value in fields.items() if name != "stream"
    }
    assert CARD not in lab["one"].last.body.decode()


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("system", [f"never say {CARD}", [{"type": "text", "text": f"never say {CARD}"}]])
def test_a_conversation_with_claude_is_redacted_as_whole(lab: Lab, system: Any, *, streamed: bool):
    messages = [
        *saying(f"my card is {CARD}"),
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "pay", "input": {"with": CARD}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": f"{CARD} is fine"}]},
    ]

    answer = lab.caller.ask("messages", "claude-redacted", messages=messages, system=system, stream=streamed)

    assert answer.status_code == 200, answer.text
    sent = lab["claude"].last.json
    assert CARD not in str(sent)
    assert sent["messages"] == json.loads(json.dumps(messages).replace(CARD, REDACTED))
    assert sent["system"] == json.loads(json.dumps(system).replace(CARD, REDACTED))


def test_a_fallback_gets_the_redacted_conversation_too(lab: Lab):
    lab["one"].on("*", Answer.json({"error": {"message": "busy"}}, status=503))

    answer = lab.caller.ask("chat", "redacted-fall", messages=[*saying(CARD), *saying("hi")])

    assert answer.status_code == 200
    assert [each.json["messages"][0]["content"] for each in (lab["one"].last, lab["two"].last)] == [REDACTED] * 2


def test_the_input_of_embeddings_is_redacted(lab: Lab):
    answer = lab.caller.ask("embeddings", "redacted", input=["a", f"b {CARD}"])

    assert answer.status_code == 200
    assert lab["one"].last.json["input"] == ["a", f"b {REDACTED}"]


def test_tokens_instead_of_text_are_refused_under_a_rule(lab: Lab):
    answer = lab.caller.ask("embeddings", "redacted", input=[1, 2, 3])

    assert_refused(answer, 400, code="content_refused")
    assert lab["one"].requests == []


@pytest.mark.parametrize(
    ("api", "model", "provider"), [("chat", "answer-redacted", "one"), ("messages", "claude-answer-redacted", "claude")]
)
def test_an_answer_is_redacted_and_keeps_its_shape(lab: Lab, api: Api, model: str, provider: str):
    def said(card: str) -> dict[str, Any]:
        if api == "messages":
            call = {"type": "tool_use", "id": "t1", "name": "pay", "input": {"with": card}}
            return {**MESSAGE, "content": [{"type": "text", "text": f"it is {card}"}, call]}
        message = {**calling(card)[0], "content": f"it is {card}"}
        return {**OPENAI_CHAT, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}

    lab[provider].on("*", Answer.json(said(CARD)))
    answer = lab.caller.ask(api, model)

    assert answer.status_code == 200
    assert {name: value for name, value in answer.json().items() if name in said(CARD)} == said("[redacted]")
    assert lab.caller.event(answer)["rules"] == "answer-cards"


def test_a_conversation_of_a_megabyte_is_redacted(lab: Lab):
    turns = saying("the quick brown fox\n" * 500) * 100

    answer = lab.caller.ask("chat", "redacted", messages=[*saying(CARD), *turns])

    assert answer.status_code == 200
    assert lab["one"].last.json["messages"] == [*saying(REDACTED), *turns]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_an_answer_after_a_redaction_says_nothing_of_it(lab: Lab, *, streamed: bool):
    answer = lab.caller.ask("chat", "redacted", messages=saying(f"my card is {CARD}"), stream=streamed)

    assert answer.status_code == 200
    everything = f"{answer.headers}{answer.text}"
    assert not [word for word in (CARD, REDACTED, *INNARDS) if word in everything]
