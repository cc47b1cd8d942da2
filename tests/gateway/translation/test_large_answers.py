"""The largest plain answer: as large as stated and no larger, and what is too large is told and charged."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.conformance.kit.calls import encoded
from gateway.translation.conftest import Kinds
from gwctl.core.names import Api
from gwctl.edge.settings import MEBIBYTE, EdgeSettings
from support.replay_provider import Answer

LIMIT = EdgeSettings.max_response_bytes
REQUEST_LIMIT = EdgeSettings.max_request_bytes
SLACK = MEBIBYTE // 2


def embeddings(size: int) -> Answer:
    usage = b'{"prompt_tokens":70000,"total_tokens":70000}'
    whole = b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":"%s"}],"model":"m","usage":%s}'
    return Answer.json(whole % (b"A" * size, usage))


def chat(size: int) -> Answer:
    usage = b'{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14}'
    message = b'{"role":"assistant","content":"%s"}' % (b"A" * size)
    choice = b'{"index":0,"finish_reason":"stop","message":%s}' % message
    whole = b'{"object":"chat.completion","model":"m","choices":[%s],"usage":%s}'
    return Answer.json(whole % (choice, usage))


@pytest.mark.parametrize("size", [33_700_000, LIMIT - SLACK])
def test_an_answer_within_the_limit_is_served_and_charged_as_counted(kinds: Kinds, size: int):
    kinds.provider.on("*", embeddings(size))

    answer = kinds.caller.ask("embeddings", "gpt", input=["a", "a", "a"])

    assert answer.status_code == 200
    assert len(answer.json()["data"][0]["embedding"]) == size
    event = kinds.caller.event(answer)
    assert (event["outcome"], event["gen_ai.usage.input_tokens"], event["estimated"]) == ("served", 70_000, False)
    assert event["cost_nano_usd"] == 70_000_000


def test_a_chat_answer_of_40_megabytes_is_served(kinds: Kinds):
    kinds.provider.on("*", chat(40_000_000))

    answer = kinds.caller.ask("chat", "gpt")

    assert answer.status_code == 200
    assert kinds.caller.event(answer)["gen_ai.usage.output_tokens"] == 5


@pytest.mark.parametrize(("api", "reply"), [("embeddings", embeddings), ("chat", chat)])
def test_an_answer_above_the_limit_is_said_to_be_and_charged_by_estimate(
    kinds: Kinds, api: Api, reply: Callable[[int], Answer]
):
    kinds.provider.on("*", reply(LIMIT + SLACK))
    cap: dict[str, Any] = {"max_tokens": 100} if api == "chat" else {}

    answer = kinds.caller.ask(api, "gpt", **cap)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "answer_too_large")
    assert "again:" in answer.json()["error"]["message"]
    event = kinds.caller.event(answer)
    assert (event["outcome"], event["refusal"], event["estimated"]) == ("refused", "answer_too_large", "withheld")
    assert event["gen_ai.usage.output_tokens"] == cap.get("max_tokens", 0), "as much as the request allows"
    assert event["cost_nano_usd"] > 0
    assert event["provider"] == "openai"


def test_a_stream_has_no_limit(kinds: Kinds):
    chunk = {"choices": [{"index": 0, "delta": {"content": "A" * MEBIBYTE}}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}}
    kinds.provider.on("*", Answer.sse([*[chunk] * 70, usage, "[DONE]"]))

    with kinds.caller.stream("chat", "gpt") as answer:
        size = sum(len(piece) for piece in answer.iter_bytes())

    assert size > LIMIT
    event = kinds.caller.event(answer)
    assert (event["outcome"], event["gen_ai.usage.output_tokens"]) == ("served", 5)


def test_a_request_has_its_own_smaller_limit(kinds: Kinds):
    kinds.provider.on("*", embeddings(1))
    frame = len(encoded("embeddings", "gpt", input=""))

    fits = kinds.caller.ask("embeddings", "gpt", input="A" * (REQUEST_LIMIT - frame))
    assert (fits.status_code, len(kinds.provider.last.json["input"])) == (200, REQUEST_LIMIT - frame)

    too_large = kinds.caller.ask("embeddings", "gpt", input="A" * (REQUEST_LIMIT - frame + 1))
    assert (too_large.status_code, too_large.json()["error"]["code"]) == (413, "request_too_large")
