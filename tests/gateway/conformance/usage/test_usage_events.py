"""Every request becomes one usage event, with the tokens that the provider counted, to the token.

The expected numbers are worked out by hand from the sample provider's documented rule (a started six characters of a
word are a token, every other sign is one) and the prices of the sample policy: sample-openai 1.25, cached 0.125, output
10; sample-anthropic 3, cached 0.3, written to the cache 3.75, output 15 US dollars per million. 1 USD per million is
1,000 nano-dollars a token.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from gateway.conformance.kit.calls import APIS, STREAMED, Caller, read_what_comes
from gateway.conformance.kit.lab import Lab
from gateway.portkey_contract.recipes import MESSAGE_EVENTS, OPENAI_CHUNKS, RESPONSE_EVENTS
from gwctl.core.names import Api
from support.gateway import Gateway
from support.replay_provider import CUT, Answer

INPUT = 4
"""`Hello, world!`: Hello + , + world + !"""
OUTPUT = 21
"""`This is the sample provider, not a model. Your last message was: ` is 17, and it repeats the 4."""


@pytest.fixture(autouse=True)
def _here(gateway: Gateway) -> None:
    gateway.require_local()


@dataclass(frozen=True)
class Expected:
    """A call of the sample provider and what it uses. Money in nano-dollars."""

    api: Api
    fields: dict[str, Any]
    input: int
    output: int
    cost: int
    cache_read: int = 0
    cache_creation: int = 0
    reasoning: int = 0
    streams: bool = True
    model: str | None = None


def chat_of(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def cached(text: str, ttl: str | None = None) -> dict[str, Any]:
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral"} | ({"ttl": ttl} if ttl else {})}


EXPECTED = {
    "chat": Expected("chat", {}, INPUT, OUTPUT, 4 * 1_250 + 21 * 10_000),
    "chat with a limit": Expected("chat", {"max_tokens": 5}, INPUT, 5, 4 * 1_250 + 5 * 10_000),
    "chat with the newer limit": Expected("chat", {"max_completion_tokens": 7}, INPUT, 7, 4 * 1_250 + 7 * 10_000),
    "chat with two choices": Expected("chat", {"n": 2}, INPUT, 42, 4 * 1_250 + 42 * 10_000),
    "chat that reasons": Expected(
        "chat", {"reasoning_effort": "low"}, INPUT, 53, 4 * 1_250 + 53 * 10_000, reasoning=32
    ),
    # 1,200 words of one letter; the largest multiple of 128 below is 1,152. The answer repeats 30 of them and adds a ….
    "chat with a cached prompt": Expected(
        "chat", chat_of("a " * 1_200), 1_200, 48, 48 * 1_250 + 1_152 * 125 + 48 * 10_000, cache_read=1_152
    ),
    "messages": Expected("messages", {}, INPUT, OUTPUT, 4 * 3_000 + 21 * 15_000),
    "messages with a limit": Expected("messages", {"max_tokens": 3}, INPUT, 3, 4 * 3_000 + 3 * 15_000),
    "messages that think": Expected(
        "messages",
        {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2_000},
        INPUT,
        149,
        4 * 3_000 + 149 * 15_000,
        reasoning=128,
    ),
    "messages that write a cache": Expected(
        "messages",
        {"system": [cached("one two three")]},
        7,
        OUTPUT,
        4 * 3_000 + 3 * 3_750 + 21 * 15_000,
        cache_creation=3,
    ),
    "messages that read and write a cache": Expected(
        "messages",
        {"system": [cached("one two three"), cached("four five")]},
        9,
        OUTPUT,
        4 * 3_000 + 3 * 300 + 2 * 3_750 + 21 * 15_000,
        cache_read=3,
        cache_creation=2,
    ),
    # The sample policy has no price for an hour's cache, so that of five minutes counts.
    "messages that write an hour's cache": Expected(
        "messages",
        {"system": [cached("one two three", "1h")]},
        7,
        OUTPUT,
        4 * 3_000 + 3 * 3_750 + 21 * 15_000,
        cache_creation=3,
    ),
    "responses": Expected("responses", {}, INPUT, OUTPUT, 4 * 1_250 + 21 * 10_000),
    "responses with instructions": Expected(
        "responses", {"instructions": "Be brief."}, 7, OUTPUT, 7 * 1_250 + 21 * 10_000
    ),
    "responses that reason": Expected(
        "responses", {"reasoning": {"effort": "minimal"}}, INPUT, 29, 4 * 1_250 + 29 * 10_000, reasoning=8
    ),
    "embeddings": Expected("embeddings", {}, INPUT, 0, 4 * 1_250, streams=False),
    "embeddings of two texts": Expected(
        "embeddings", {"input": ["Hello, world!", "one two"]}, 6, 0, 6 * 1_250, streams=False
    ),
    "count_tokens": Expected("count_tokens", {}, 0, 0, 0, streams=False),
    # Anthropic's counts through chat completions: cached ones stand beside prompt_tokens.
    "chat served by Anthropic": Expected(
        "chat", {"max_tokens": 100}, INPUT, OUTPUT, 4 * 3_000 + 21 * 15_000, model="sample-claude"
    ),
}


def tokens_of(event: dict[str, Any]) -> dict[str, int]:
    names = {
        "input": "input_tokens",
        "output": "output_tokens",
        "cache_read": "cache_read.input_tokens",
        "cache_creation": "cache_creation.input_tokens",
        "reasoning": "reasoning.output_tokens",
    }
    return {short: event[f"gen_ai.usage.{name}"] for short, name in names.items()}


CALLS = [
    (name, streamed, http2)
    for name, expected in EXPECTED.items()
    for streamed in (False, True)[: 1 + expected.streams]
    for http2 in (False, True)
]


@pytest.fixture(scope="module")
def answers(caller: Caller, http2_caller: Caller) -> dict[tuple[str, bool, bool], httpx.Response]:
    """All calls of the table, made before the first event is waited for."""
    made: dict[tuple[str, bool, bool], httpx.Response] = {}
    for name, streamed, http2 in CALLS:
        expected = EXPECTED[name]
        stream: dict[str, Any] = {"stream": True} if streamed else {}
        who = http2_caller if http2 else caller
        made[name, streamed, http2] = who.ask(expected.api, expected.model, **expected.fields, **stream)
    return made


@pytest.mark.parametrize(
    "call", CALLS, ids=lambda call: f"{call[0]}-{'streamed' if call[1] else 'plain'}-HTTP/{2 if call[2] else 1}"
)
def test_tokens_and_cost_are_exact(
    caller: Caller, answers: dict[tuple[str, bool, bool], httpx.Response], call: tuple[str, bool, bool]
):
    expected, answer = EXPECTED[call[0]], answers[call]

    assert answer.status_code == 200, answer.text
    event = caller.event(answer)
    assert tokens_of(event) == {
        "input": expected.input,
        "output": expected.output,
        "cache_read": expected.cache_read,
        "cache_creation": expected.cache_creation,
        "reasoning": expected.reasoning,
    }
    assert (event["cost_nano_usd"], event["estimated"], event["outcome"]) == (expected.cost, False, "served")


@pytest.mark.parametrize("api", APIS)
def test_an_event_says_who_asked_for_what_and_who_served(caller: Caller, api: Api):
    answer = caller.ask(api)

    event = caller.event(answer)
    provider = "sample-anthropic" if api in ("messages", "count_tokens") else "sample-openai"
    said = {name: event[name] for name in ("client", "team", "api", "provider", "http.response.status_code", "refusal")}
    assert said == {
        "client": caller.gateway.connection.client_id,
        "team": "default",
        "api": api,
        "provider": provider,
        "http.response.status_code": 200,
        "refusal": None,
    }


@pytest.mark.parametrize("api", STREAMED)
def test_an_event_says_whether_it_was_streamed(caller: Caller, api: Api):
    with caller.stream(api) as streamed:
        streamed.read()
    plain = caller.ask(api)

    assert [caller.event(each)["gen_ai.request.stream"] for each in (streamed, plain)] == [True, False]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("api", STREAMED)
def test_an_answer_without_usage_is_estimated(caller: Caller, api: Api, *, streamed: bool):
    answer = caller.ask(api, "sample-no-usage", stream=streamed)

    event = caller.event(answer)
    assert (event["estimated"], event["outcome"]) == ("no_usage", "served")
    assert event["cost_nano_usd"] > 0


@pytest.mark.parametrize(("api", "model"), [("chat", "one"), ("messages", "claude"), ("responses", "one")])
def test_a_stream_that_is_cut_is_estimated(lab: Lab, api: Api, model: str):
    """Portkey gives a cut stream an orderly end. Of a chat, whose last event the edge cannot tell, only the missing
    usage shows it."""
    lab[model].on("*", Answer.sse([BEGUN[api][1][0], CUT]))
    with lab.caller.stream(api, model) as answer:
        read_what_comes(answer)

    event = lab.caller.event(answer)
    in_order = lab.lane == "portkey" and api == "chat"
    assert (event["estimated"], event["outcome"]) == (("no_usage", "served") if in_order else ("cut", "cut"))
    assert event["cost_nano_usd"] > 0


DELTAS = 100
_TEXT = {"type": "text_delta", "text": "hello"}
BEGUN: dict[Api, tuple[str, list[Any]]] = {
    "chat": ("one", [OPENAI_CHUNKS[0]] * DELTAS),
    "messages": (
        "claude",
        [MESSAGE_EVENTS[0], *[{"type": "content_block_delta", "index": 0, "delta": _TEXT}] * DELTAS],
    ),
    "responses": ("one", [RESPONSE_EVENTS[0], *RESPONSE_EVENTS[1:2] * DELTAS]),
}
"""The provider that serves each API, and the beginning of a stream: a token in each event."""


@pytest.mark.parametrize("api", STREAMED)
def test_an_estimate_is_of_the_right_size(lab: Lab, api: Api):
    """A hundred tokens went over the wire before the cut: the estimate is at most four times off."""
    cut, (provider, events) = threading.Event(), BEGUN[api]
    lab[provider].on("*", Answer.sse([*events, cut, CUT]))

    with lab.caller.stream(api, provider) as answer:
        seen = 0
        with suppress(httpx.RemoteProtocolError):  # on the express lane the caller's answer breaks off too
            for piece in answer.iter_raw():
                seen += piece.count(b"data:")
                if seen == len(events):
                    cut.set()

    found = tokens_of(lab.caller.event(answer))
    assert DELTAS / 4 <= found["output"] <= DELTAS * 4


@pytest.mark.parametrize("api", STREAMED)
def test_a_stream_that_ends_in_an_error_has_failed(caller: Caller, api: Api):
    with caller.stream(api, "sample-error-mid-stream") as answer:
        answer.read()

    assert caller.event(answer)["outcome"] == "failed"


REFUSED: dict[str, dict[str, Any]] = {
    "model_not_found": {"model": "no-such-model"},
    "unsupported_media_type": {"headers": {"content-type": "text/plain"}},
    "invalid_token": {"headers": {"authorization": "Bearer x"}},
    "method_not_allowed": {},
}


@pytest.mark.parametrize("code", REFUSED)
@pytest.mark.parametrize("api", ["chat", "messages"])
def test_a_refusal_costs_nothing(caller: Caller, api: Api, code: str):
    if code == "method_not_allowed":
        answer = caller.client.get("/v1/chat/completions", headers={"authorization": f"Bearer {caller.token}"})
    else:
        answer = caller.ask(api, **REFUSED[code])

    event = caller.event(answer)
    assert (event["outcome"], event["refusal"], event["cost_nano_usd"]) == ("refused", code, 0)
    assert set(tokens_of(event).values()) == {0}


@pytest.mark.parametrize(
    ("api", "status"), [("messages", 429), ("messages", 500), ("responses", 429), ("responses", 500)]
)
def test_what_the_provider_refuses_costs_nothing(caller: Caller, api: Api, status: int):
    event = caller.event(caller.ask(api, f"sample-{status}"))

    assert (event["outcome"], event["cost_nano_usd"], event["http.response.status_code"]) == ("failed", 0, status)
