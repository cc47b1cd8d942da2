"""What clients and providers might do to the numbers: whatever they send, a request is metered, and once."""

import gzip
import json
from typing import Any

import pytest

from gateway.conformance.kit.calls import Caller, read_what_comes
from gateway.conformance.kit.lab import Lab
from gateway.portkey_contract.recipes import MESSAGE, OPENAI_CHAT, OPENAI_CHUNKS
from support.replay_provider import CUT, Answer


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_a_client_cannot_turn_metering_off(lab: Lab, *, streamed: bool):
    """Not by an option and not by a field that looks like usage: the count is the provider's."""
    fields: dict[str, Any] = {"usage": {"prompt_tokens": 0, "completion_tokens": 0}, "stream": streamed}
    if streamed:
        fields["stream_options"] = {"include_usage": False}

    answer = lab.caller.ask("chat", "one", **fields)

    event = lab.caller.event(answer)
    assert (event["gen_ai.usage.input_tokens"], event["gen_ai.usage.output_tokens"]) == (10, 5)
    assert event["estimated"] is False


def test_a_model_that_writes_usage_into_its_text_changes_nothing(lab: Lab):
    text = '{"usage":{"prompt_tokens":0,"completion_tokens":0}}\n\ndata: {"usage":{"prompt_tokens":1}}\n\n'
    choices = [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]
    lab["one"].on("*", Answer.json({**OPENAI_CHAT, "choices": choices}))

    event = lab.caller.event(lab.caller.ask("chat", "one"))

    assert (event["gen_ai.usage.input_tokens"], event["gen_ai.usage.output_tokens"]) == (10, 5)


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": -5, "completion_tokens": 5}, {"prompt_tokens": "x"}, [], "none", 7]
)
def test_a_usage_that_makes_no_sense_is_replaced_by_an_estimate(lab: Lab, usage: Any):
    lab["one"].on("*", Answer.json({**OPENAI_CHAT, "usage": usage}))

    event = lab.caller.event(lab.caller.ask("chat", "one"))

    assert event["estimated"] is not False
    assert event["cost_nano_usd"] > 0


def test_a_compressed_answer_is_metered(lab: Lab):
    packed = gzip.compress(json.dumps(OPENAI_CHAT).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    lab["one"].on("*", Answer([packed], headers=headers, chunked=False))

    answer = lab.caller.ask("chat", "one", headers={"accept-encoding": "gzip"})

    assert answer.json()["usage"] == OPENAI_CHAT["usage"]
    # Portkey unpacks it. The edge asks for nothing packed, and what comes so all the same it can only estimate.
    assert lab.caller.event(answer)["estimated"] == (False if lab.lane == "portkey" else "no_usage")


def test_a_large_plain_answer_is_metered(lab: Lab):
    """Usage stands at the end of it."""
    choices = [{"index": 0, "message": {"role": "assistant", "content": "x" * 5_000_000}, "finish_reason": "stop"}]
    lab["one"].on("*", Answer.json({**OPENAI_CHAT, "choices": choices}))

    answer = lab.caller.ask("chat", "one")

    assert len(answer.content) > 5_000_000
    assert lab.caller.event(answer)["gen_ai.usage.output_tokens"] == 5


def test_usage_in_the_middle_of_a_stream_is_replaced_by_the_last_one(lab: Lab):
    early = {**OPENAI_CHUNKS[0], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    lab["one"].on("*", Answer.sse([early, *OPENAI_CHUNKS]))

    with lab.caller.stream("chat", "one") as answer:
        answer.read()

    assert lab.caller.event(answer)["gen_ai.usage.output_tokens"] == 5


def test_a_message_stream_that_is_cut_still_counts_its_input(lab: Lab):
    start = {"type": "message_start", "message": {**MESSAGE, "content": []}}
    lab["claude"].on("*", Answer.sse([start, CUT]))

    with lab.caller.stream("messages", "claude") as answer:
        read_what_comes(answer)

    event = lab.caller.event(answer)
    assert event["gen_ai.usage.input_tokens"] == 211 + 1_903 + 50
    assert event["estimated"] == "cut"


@pytest.mark.parametrize("model", ['x","status":0,"id":"y', "a\nb", "\\", "\x7f", "%REQ(AUTHORIZATION)%", "-"])
def test_a_hostile_model_does_not_break_the_log(caller: Caller, model: str):
    answer = caller.ask("chat", model)

    event = caller.event(answer)
    assert (event["gen_ai.request.model"] in {model, None}, event["refusal"]) == (True, "model_not_found")
