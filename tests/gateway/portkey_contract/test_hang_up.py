"""A client that leaves: Portkey alone reads on and the provider charges; with the preloaded script it hangs up too."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.portkey_contract.endless_provider import EndlessProvider
from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import OPENAI_CHAT, OPENAI_CHUNKS, PATHS, openai
from gwctl.local.supervisor.stack import PRELOAD
from support.processes import wait_until
from support.replay_provider import CUT, Answer, ReplayProvider

OBSERVED_SECONDS = 1.0


@pytest.fixture(scope="module")
def preloaded() -> Iterator[Portkey]:
    with Portkey("--require", str(PRELOAD)) as running:
        yield running


@pytest.fixture
def endless() -> Iterator[EndlessProvider]:
    with EndlessProvider() as running:
        yield running


def leave_a_stream(portkey: Portkey, config: dict[str, Any]) -> None:
    with portkey.stream("chat", config) as answer:
        next(answer.iter_raw())


def leave_a_plain_answer(portkey: Portkey, config: dict[str, Any]) -> None:
    with pytest.raises(httpx.ReadTimeout):
        portkey.client.post(
            PATHS["chat"],
            json={"model": "m", "messages": []},
            headers={"x-portkey-config": httpx.Response(200, json=config).text},
            timeout=0.5,
        )


LEAVING = pytest.mark.parametrize("leave", [leave_a_stream, leave_a_plain_answer])


def written_afterwards(provider: EndlessProvider) -> int:
    before = provider.written
    time.sleep(OBSERVED_SECONDS)  # nosemgrep: no-sleep-in-tests # what is not written cannot be waited for
    return provider.written - before


@LEAVING
def test_portkey_alone_reads_on(portkey: Portkey, endless: EndlessProvider, leave: Any):
    leave(portkey, openai(endless.url))

    assert written_afterwards(endless) > 50
    assert endless.hung_up == 0


@LEAVING
def test_the_provider_is_hung_up_on(preloaded: Portkey, endless: EndlessProvider, leave: Any):
    leave(preloaded, openai(endless.url))
    wait_until(lambda: endless.hung_up == 1, "the provider to be hung up on")

    assert written_afterwards(endless) == 0


@LEAVING
def test_nobody_is_asked_again_for_a_client_that_left(preloaded: Portkey, endless: EndlessProvider, leave: Any):
    target = openai(endless.url, retry={"attempts": 2, "on_status_codes": [408, 500]}, request_timeout=60_000)
    config = {"strategy": {"mode": "fallback", "on_status_codes": [408, 500]}, "targets": [target, target]}

    leave(preloaded, config)
    wait_until(lambda: endless.hung_up == 1, "the provider to be hung up on")
    time.sleep(OBSERVED_SECONDS)  # nosemgrep: no-sleep-in-tests # the first retry would come by then

    assert endless.requests == 1


def test_a_client_that_leaves_before_any_answer_is_told_to_the_provider(preloaded: Portkey, provider: ReplayProvider):
    provider.on("*", Answer.held(threading.Event()))

    leave_a_plain_answer(preloaded, openai(provider.url))

    assert provider.last.hung_up.wait(5)


def test_an_idle_connection_outlives_the_edges_own_limit(preloaded: Portkey):
    assert preloaded.client.get("/").headers["keep-alive"] == "timeout=60"


def test_it_serves_on_after_many_have_left(preloaded: Portkey, endless: EndlessProvider, provider: ReplayProvider):
    provider.on("*", Answer.json(OPENAI_CHAT))
    for _ in range(30):
        leave_a_stream(preloaded, openai(endless.url))
    wait_until(lambda: endless.hung_up == 30, "the provider to be hung up on")

    assert preloaded.ask("chat", openai(provider.url)).status_code == 200
    assert "    at " not in preloaded.process.output, "a line a client in the log, not a page"


def test_one_that_leaves_does_not_end_the_answer_of_another(
    preloaded: Portkey, endless: EndlessProvider, provider: ReplayProvider
):
    go_on = threading.Event()
    provider.on("*", Answer.sse([OPENAI_CHUNKS[0], go_on, *OPENAI_CHUNKS[1:], "[DONE]"]))

    with preloaded.stream("chat", openai(provider.url)) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        leave_a_stream(preloaded, openai(endless.url))
        wait_until(lambda: endless.hung_up == 1, "the provider to be hung up on")
        go_on.set()
        rest = b"".join(pieces)

    assert b"[DONE]" in rest


def test_a_connection_serves_many_requests_and_streams(preloaded: Portkey, provider: ReplayProvider):
    """What is bound to a request must not outlive it on a kept connection, towards the client or the provider."""
    provider.on("*", Answer.json(OPENAI_CHAT), Answer.sse([*OPENAI_CHUNKS, "[DONE]"]), Answer.json(OPENAI_CHAT))
    config = openai(provider.url)

    first = preloaded.ask("chat", config)
    with preloaded.stream("chat", config) as second:
        second.read()
    third = preloaded.ask("chat", config)

    assert [answer.status_code for answer in (first, second, third)] == [200] * 3
    assert b"[DONE]" in second.content


def test_retries_fallbacks_and_time_outs_are_as_without_it(preloaded: Portkey, provider: ReplayProvider):
    provider.on("*", Answer.json({"error": {"message": "no"}}, 500), Answer.json(OPENAI_CHAT), model="first")
    retried = openai(provider.url, override_params={"model": "first"}, retry={"attempts": 1, "on_status_codes": [500]})
    after_retry = preloaded.ask("chat", retried)

    provider.on("*", Answer.held(threading.Event(), Answer([CUT])), model="slow")
    provider.on("*", Answer.json(OPENAI_CHAT), model="second")
    slow = openai(provider.url, override_params={"model": "slow"}, request_timeout=300)
    second = openai(provider.url, override_params={"model": "second"})
    strategy = {"mode": "fallback", "on_status_codes": [408]}
    after_time_out = preloaded.ask("chat", {"strategy": strategy, "targets": [slow, second]})

    assert [after_retry.status_code, after_time_out.status_code] == [200, 200]
    assert after_retry.headers["x-portkey-retry-attempt-count"] == "1"
    assert after_time_out.headers["x-portkey-last-used-option-index"] == "config.targets[1]"
