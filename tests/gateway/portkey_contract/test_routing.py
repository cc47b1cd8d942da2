"""Fallback and weights, and the three headers that say which target served."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import OPENAI_CHAT, Config, anthropic, openai
from support.ports import free_port
from support.replay_provider import Answer, ReplayProvider

CHAT = "/v1/chat/completions"
OK = Answer.json(OPENAI_CHAT)
RETRIED_CODES = [408, 429, 500, 502, 503, 504]


def failing(status: int) -> Answer:
    return Answer.json({"error": {"message": "no"}}, status=status)


def fallback(*targets: Config, on: list[int] | None = None, **extra: Any) -> Config:
    strategy = {"mode": "fallback", **({"on_status_codes": on} if on is not None else {})}
    return {"strategy": strategy, "targets": list(targets), **extra}


def weighted(*targets: tuple[Config, float]) -> Config:
    return {"strategy": {"mode": "loadbalance"}, "targets": [{**target, "weight": w} for target, w in targets]}


def served_by(answer: httpx.Response) -> tuple[str, str, str]:
    """Provider, option index, retry count."""
    names = ("x-portkey-provider", "x-portkey-last-used-option-index", "x-portkey-retry-attempt-count")
    return tuple(answer.headers[name] for name in names)  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize(
    "first",
    [
        *(pytest.param(lambda status=status: failing(status), id=str(status)) for status in RETRIED_CODES),
        pytest.param(lambda: Answer.held(threading.Event()), id="times out"),
        pytest.param(lambda: Answer.held(_set()), id="hangs up"),
    ],
)
def test_fallback_goes_on_to_the_next_target(portkey: Portkey, provider: ReplayProvider, first: Callable[[], Answer]):
    provider.on(CHAT, first(), OK)
    target = openai(provider.url, request_timeout=100)

    answer = portkey.ask("chat", fallback(target, openai(provider.url, api_key="second"), on=RETRIED_CODES))

    assert (answer.status_code, served_by(answer)) == (200, ("openai", "config.targets[1]", "0"))
    assert provider.last.headers["authorization"] == "Bearer second"


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def test_a_provider_that_cannot_be_reached_counts_as_500(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, OK)
    nobody = openai(f"http://127.0.0.1:{free_port()}")

    answer = portkey.ask("chat", fallback(nobody, openai(provider.url), on=[500]))

    assert served_by(answer) == ("openai", "config.targets[1]", "0")


def test_fallback_stops_at_codes_that_are_not_listed(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, failing(400), OK)

    answer = portkey.ask("chat", fallback(openai(provider.url), openai(provider.url), on=RETRIED_CODES))

    assert (answer.status_code, served_by(answer)) == (400, ("openai", "config.targets[0]", "0"))


def test_fallback_without_a_list_repeats_even_bad_requests(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, failing(400), OK)

    answer = portkey.ask("chat", fallback(openai(provider.url), openai(provider.url)))

    assert served_by(answer)[1] == "config.targets[1]"


def test_fallback_tries_a_target_that_cannot_serve_the_api_and_stops_there(portkey: Portkey, provider: ReplayProvider):
    """Portkey's own errors end the search, so a route may hold only targets that can serve the API."""
    answer = portkey.ask("messages", fallback(openai(provider.url), anthropic(provider.url), on=[500]))

    assert answer.status_code == 500
    assert answer.headers["x-portkey-gateway-exception"] == "true"
    assert "x-portkey-provider" not in answer.headers


def test_when_all_fail_the_last_answer_is_given(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, failing(500), failing(429))

    answer = portkey.ask("chat", fallback(openai(provider.url), openai(provider.url), on=RETRIED_CODES))

    assert (answer.status_code, served_by(answer)) == (429, ("openai", "config.targets[1]", "0"))


def test_the_provider_header_names_the_provider_that_served(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, OK)
    provider.on("/v1/messages", failing(529))

    answer = portkey.ask("chat", fallback(anthropic(provider.url), openai(provider.url), on=[529]))

    assert served_by(answer)[:2] == ("openai", "config.targets[1]")


@pytest.mark.parametrize(
    ("build", "index"),
    [
        (lambda target: target, "config"),
        (lambda target: fallback(target), "config.targets[0]"),
        (lambda target: weighted((target, 1)), "config.targets[0]"),
        (lambda target: weighted((target, 0), (target, 1)), "config.targets[1]"),
        (lambda target: fallback(weighted((target, 0), (target, 1)), target), "config.targets[0].targets[1]"),
        (lambda target: weighted((fallback(target), 1)), "config.targets[0].targets[0]"),
    ],
    ids=["single", "fallback", "weighted", "weight 0 is never drawn", "fallback of weighted", "weighted of fallback"],
)
def test_the_option_index_is_the_path_to_the_target(portkey: Portkey, provider: ReplayProvider, build, index: str):
    provider.on(CHAT, OK)

    answer = portkey.ask("chat", build(openai(provider.url)))

    assert served_by(answer) == ("openai", index, "0")


def test_a_fallback_inside_a_fallback_counts_from_the_top(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, failing(500), failing(500), OK)
    target = openai(provider.url)

    answer = portkey.ask("chat", fallback(target, fallback(target, target, on=[500]), on=[500]))

    assert served_by(answer)[1] == "config.targets[1].targets[1]"


def test_a_weighted_group_does_not_try_its_other_targets(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, failing(500), OK)
    target = openai(provider.url)

    answer = portkey.ask("chat", weighted((target, 1), (target, 1)))

    assert (answer.status_code, len(provider.requests)) == (500, 1)


def test_the_next_target_serves_when_a_weighted_group_fails(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, failing(500), OK)
    target = openai(provider.url)

    answer = portkey.ask("chat", fallback(weighted((target, 1), (target, 1)), target, on=[500]))

    assert served_by(answer)[1] == "config.targets[1]"


@pytest.mark.parametrize(("answers", "count"), [([failing(500), OK], "1"), ([failing(500)], "-1")])
def test_the_retry_count_is_minus_one_when_retries_were_in_vain(
    portkey: Portkey, provider: ReplayProvider, answers: list[Answer], count: str
):
    provider.on(CHAT, *answers)

    answer = portkey.ask("chat", openai(provider.url, retry={"attempts": 1, "on_status_codes": [500]}))

    assert (served_by(answer)[2], len(provider.requests)) == (count, 2)


def test_the_retry_count_is_only_that_of_the_target_that_served(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, failing(500), failing(500), OK)
    retried = openai(provider.url, retry={"attempts": 1, "on_status_codes": [500]})

    answer = portkey.ask("chat", fallback(retried, openai(provider.url), on=[500]))

    assert (served_by(answer)[2], len(provider.requests)) == ("0", 3)


def test_streams_fall_back_and_say_so_too(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, failing(429), Answer.sse([{"n": 1}, "[DONE]"]))

    with portkey.stream("chat", fallback(openai(provider.url), openai(provider.url), on=[429])) as answer:
        text = answer.read()

    assert (served_by(answer), text) == (("openai", "config.targets[1]", "0"), b'data: {"n": 1}\n\ndata: [DONE]\n\n')


# --- targets that are left out for a while: `is_open`, which Portkey heeds only below a group with an `id` ---


def opened(target: Config) -> Config:
    return {**target, "is_open": True}


@pytest.mark.parametrize(
    ("build", "index", "asked"),
    [
        (lambda a, b: fallback(opened(a), b, on=[500], id="x"), "config.targets[1]", ["b"]),
        (lambda a, b: fallback(a, opened(b), on=[500], id="x"), "config.targets[0]", ["a"]),
        (lambda a, b: weighted((opened(a), 999), (b, 1)) | {"id": "x"}, "config.targets[1]", ["b"]),
        (lambda a, b: fallback(opened(weighted((a, 1))), b, on=[500], id="x"), "config.targets[1]", ["b"]),
        (
            lambda a, b: fallback(weighted((opened(a), 999), (b, 1)), a, on=[500], id="x"),
            "config.targets[0].targets[1]",
            ["b"],
        ),
        (lambda a, b: fallback(opened(a), opened(b), on=[500], id="x"), "config.targets[0]", ["a"]),
        (lambda a, b: fallback(opened(a), b, on=[500]), "config.targets[0]", ["a"]),
    ],
    ids=["first", "last", "weighted", "a group", "in a group", "all: none is left out", "without an id: none is"],
)
def test_an_open_target_is_left_out_and_the_others_keep_their_index(
    portkey: Portkey, provider: ReplayProvider, build: Callable[[Config, Config], Config], index: str, asked: list[str]
):
    provider.on(CHAT, OK)
    first, second = (openai(provider.url, override_params={"model": name}) for name in "ab")

    answers = [portkey.ask("chat", build(first, second)) for _ in range(5)]

    assert {served_by(answer) for answer in answers} == {("openai", index, "0")}
    assert [request.model for request in provider.requests] == asked * 5
