"""Content rules: what they deny is a 400 that does not repeat it, what they redact never arrives.

Portkey says what a rule found in `hook_results`, matched text included: none of it may reach a client.
"""

import json
from typing import Any

import pytest

from gateway.conformance.kit.calls import Caller
from gateway.conformance.kit.lab import CARD, FORBIDDEN, Lab
from gateway.conformance.kit.shapes import assert_nothing_leaks, assert_refused
from gateway.portkey_contract.recipes import MESSAGE, OPENAI_CHAT
from gwctl.core.names import Api
from support.replay_provider import Answer

DENIED: list[tuple[Api, str, str]] = [("chat", "asked", "one"), ("messages", "claude-asked", "claude")]
CHECKED_ANSWERS: list[tuple[Api, str, str]] = [
    ("chat", "answered", "one"),
    ("messages", "claude-answered", "claude"),
]
INNARDS = (
    "hook_results",
    "before_request_hooks",
    "after_request_hooks",
    "guardrail",
    "verdict",
    "webhook",
    "x-gw-rules",
)


def saying(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def calling(text: str) -> list[dict[str, Any]]:
    """A turn of the model's, in which it calls a tool; then the tool's answer."""
    call = {"id": "call_1", "type": "function", "function": {"name": "pay", "arguments": json.dumps({"with": text})}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ]


def shape_of(api: Api) -> Any:
    return "anthropic" if api == "messages" else "openai"


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(("api", "model", "provider"), DENIED)
def test_what_a_rule_denies_is_refused(lab: Lab, api: Api, model: str, provider: str, *, streamed: bool):
    answer = lab.caller.ask(api, model, messages=saying(f"say {FORBIDDEN}"), stream=streamed)

    assert_refused(answer, 400, shape_of(api), "content_refused")


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(("api", "model", "provider"), DENIED)
def test_what_a_rule_denies_does_not_reach_the_provider(
    lab: Lab, api: Api, model: str, provider: str, *, streamed: bool
):
    lab.caller.ask(api, model, messages=saying(f"say {FORBIDDEN}"), stream=streamed)

    assert lab[provider].requests == []


@pytest.mark.parametrize(("api", "model", "provider"), DENIED)
def test_a_refusal_does_not_repeat_what_was_found(lab: Lab, api: Api, model: str, provider: str):
    answer = lab.caller.ask(api, model, messages=saying(f"the secret is {FORBIDDEN} and tell no one"))

    everything = f"{answer.headers}{answer.text}"
    assert not [word for word in (FORBIDDEN, "the secret is", *INNARDS) if word in everything]


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([{"role": "system", "content": FORBIDDEN}, *saying("hi")], id="system"),
        pytest.param(
            [*saying(FORBIDDEN), {"role": "assistant", "content": "no"}, *saying("hi")],
            id="an earlier turn",
        ),
        pytest.param([{"role": "user", "content": [{"type": "text", "text": FORBIDDEN}]}], id="a part"),
        pytest.param(
            [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": FORBIDDEN}]}],
            id="the second part",
        ),
        pytest.param(
            [*saying("hi"), {"role": "tool", "tool_call_id": "x", "content": FORBIDDEN}], id="a tool's answer"
        ),
        pytest.param([*calling(FORBIDDEN), *saying("hi")], id="a tool call's arguments"),
        pytest.param([*saying(FORBIDDEN), *saying("hi") * 50], id="the first of many turns"),
    ],
)
def test_a_rule_looks_at_the_whole_conversation(lab: Lab, messages: list[dict[str, Any]]):
    answer = lab.caller.ask("chat", "asked", messages=messages)

    assert_refused(answer, 400, code="content_refused")
    assert lab["one"].requests == []


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(("api", "model", "provider"), DENIED)
def test_what_no_rule_denies_is_served(lab: Lab, api: Api, model: str, provider: str, *, streamed: bool):
    answer = lab.caller.ask(api, model, stream=streamed)

    assert answer.status_code == 200
    assert not [word for word in INNARDS if word in answer.text]
    assert_nothing_leaks(answer)


@pytest.mark.parametrize(("api", "model", "provider"), DENIED)
def test_a_served_answer_under_a_rule_is_the_providers_own(lab: Lab, api: Api, model: str, provider: str):
    said = MESSAGE if api == "messages" else OPENAI_CHAT

    answer = lab.caller.ask(api, model).json()

    assert answer["usage"] == said["usage"]
    assert answer.keys() - {"provider"} <= said.keys() | {"stop_sequence"}


def test_an_answer_that_mentions_hook_results_is_not_cut(lab: Lab):
    """The key that is taken out is the top-level one, not what a model says."""
    text = 'a,"hook_results":{"before_request_hooks":[]} b \\" hook_results'
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    lab["one"].on("*", Answer.json({**OPENAI_CHAT, "choices": choices}))

    answer = lab.caller.ask("chat", "asked")

    assert answer.json()["choices"][0]["message"]["content"] == text


@pytest.mark.parametrize(("api", "model", "provider"), CHECKED_ANSWERS)
def test_an_answer_that_a_rule_denies_is_withheld(lab: Lab, api: Api, model: str, provider: str):
    text = f"psst, {FORBIDDEN}"
    said: dict[str, Any] = (
        {**MESSAGE, "content": [{"type": "text", "text": text}]}
        if api == "messages"
        else {**OPENAI_CHAT, "choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}
    )
    lab[provider].on("*", Answer.json(said))

    answer = lab.caller.ask(api, model)

    assert_refused(answer, 400, shape_of(api), "answer_refused")
    assert FORBIDDEN not in answer.text


@pytest.mark.parametrize(("api", "model", "provider"), CHECKED_ANSWERS)
def test_an_answer_that_no_rule_denies_is_served(lab: Lab, api: Api, model: str, provider: str):
    answer = lab.caller.ask(api, model)

    assert answer.status_code == 200
    assert not [word for word in INNARDS if word in answer.text]


@pytest.mark.parametrize(("api", "model", "provider"), CHECKED_ANSWERS)
def test_a_stream_whose_answer_cannot_be_checked_is_refused(lab: Lab, api: Api, model: str, provider: str):
    answer = lab.caller.ask(api, model, stream=True)

    assert_refused(answer, 400, shape_of(api), "stream_not_scannable")
    assert lab[provider].requests == []


@pytest.mark.parametrize(("api", "model"), [("responses", "asked"), ("count_tokens", "claude-asked")])
def test_a_path_on_which_a_rule_cannot_look_is_refused(lab: Lab, api: Api, model: str):
    """Portkey would skip the rule without a word."""
    answer = lab.caller.ask(api, model)

    assert_refused(answer, 400, "anthropic" if api == "count_tokens" else "openai", "api_not_scannable")


# --- what it costs ---


def test_a_refused_request_costs_nothing(lab: Lab):

    answer = lab.caller.ask("chat", "asked", messages=saying(FORBIDDEN))

    event = lab.caller.event(answer)
    assert (event["outcome"], event["refusal"], event["cost_nano_usd"]) == ("refused", "content_refused", 0)


def test_a_withheld_answer_is_not_free(lab: Lab):
    """The provider has been paid, and the answer's usage is not known: so it is estimated."""
    message = {"role": "assistant", "content": FORBIDDEN}
    lab["one"].on("*", Answer.json({**OPENAI_CHAT, "choices": [{"index": 0, "message": message}]}))

    answer = lab.caller.ask("chat", "answered")

    event = lab.caller.event(answer)
    assert event["cost_nano_usd"] > 0


def test_rules_hold_over_http2(lab: Lab):
    with Caller(lab.gateway, http2=True) as caller:
        answer = caller.ask("chat", "asked", messages=saying(FORBIDDEN))

    assert_refused(answer, 400, code="content_refused")


def test_what_was_found_is_in_no_log(lab: Lab):
    lab.caller.ask("chat", "asked", messages=saying(f"{FORBIDDEN} 9f1c7a"))
    lab.caller.event(lab.caller.ask("chat", "redacted", messages=saying(CARD)))

    logs = {path.name: path.read_text(errors="replace") for path in lab.gateway.data.logs.iterdir()}
    assert not [name for name, text in logs.items() if "9f1c7a" in text or CARD in text]


# --- what is recorded ---


def test_the_event_names_the_rule_and_not_the_text(lab: Lab):
    event = lab.caller.event(lab.caller.ask("chat", "asked", messages=saying(f"the secret is {FORBIDDEN}")))

    assert (event["refusal"], event["rules"]) == ("content_refused", "asked")
    assert FORBIDDEN not in str(event)


def test_the_event_of_a_redacted_request_names_the_rule(lab: Lab):
    event = lab.caller.event(lab.caller.ask("chat", "redacted", messages=saying(f"my card is {CARD}")))

    assert (event["outcome"], event["rules"]) == ("served", "cards")


def test_an_event_without_a_finding_names_no_rule(lab: Lab):
    assert lab.caller.event(lab.caller.ask("chat", "redacted", messages=saying("hi")))["rules"] is None
