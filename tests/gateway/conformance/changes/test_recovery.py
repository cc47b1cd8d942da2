"""A part dies: what still can be served is served, the rest is refused in shape, and it all comes back by itself."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import psutil
import pytest
import yaml

from gateway.conformance.kit.calls import Caller
from gateway.conformance.kit.lab import Lab, log_lines, route
from gateway.conformance.kit.shapes import assert_refused
from gateway.portkey_contract.recipes import OPENAI_CHUNKS
from gwctl.local.supervisor.status import PartStatus
from support.processes import wait_until
from support.replay_provider import Answer

BACK_SECONDS = 20.0


def part(lab: Lab, name: str) -> PartStatus:
    return next(each for each in lab.gateway.status.parts if each.name == name)


def health(lab: Lab) -> int:
    """The status of /healthz, 0 when nobody answers."""
    with suppress(httpx.HTTPError):
        return httpx.get(f"{lab.gateway.url}/healthz", timeout=2, trust_env=False).status_code
    return 0


def kill(lab: Lab, name: str) -> None:
    """Kill a part and wait until the supervisor has noticed."""
    before = part(lab, name)
    assert before.pid
    os.kill(before.pid, signal.SIGKILL)
    wait_until(lambda: part(lab, name).pid != before.pid, f"the supervisor to see that {name} is dead")


def wait_back(lab: Lab, name: str) -> None:
    wait_until(lambda: part(lab, name).state == "running", f"{name} to run again", BACK_SECONDS)
    wait_until(lambda: health(lab) == 200, "/healthz to be 200", BACK_SECONDS)


@pytest.fixture
def whole(workshop: Lab) -> Iterator[Lab]:
    """The workshop, which must be whole again at the end."""
    yield workshop
    for each in ("issuer", "gateway", "agent", "edge"):
        wait_back(workshop, each)
    workshop.reset()
    assert workshop.caller.ask("chat", "one").status_code == 200


@contextmanager
def dead(lab: Lab, name: str) -> Iterator[None]:
    """A part is dead and stays so, because its supervisor sleeps meanwhile; afterwards it comes back."""
    supervisor = psutil.Process(lab.gateway.status.pid)
    pid = part(lab, name).pid
    assert pid
    supervisor.suspend()
    try:
        wait_until(lambda: supervisor.status() == psutil.STATUS_STOPPED, "the supervisor to sleep")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, f"{name} to be dead")
        yield
    finally:
        supervisor.resume()
        wait_until(lambda: part(lab, name).pid != pid, f"the supervisor to see that {name} is dead")
        wait_back(lab, name)


@pytest.fixture
def without_portkey(whole: Lab) -> Iterator[Lab]:
    """Portkey is dead until the end of the test."""
    with dead(whole, "gateway"):
        wait_until(lambda: health(whole) == 503, "/healthz to be 503", BACK_SECONDS)
        yield whole


# --- Portkey ---


def test_without_portkey_calls_are_refused_in_shape(without_portkey: Lab):
    chat = without_portkey.caller.ask("chat", "by-portkey")
    streamed = without_portkey.caller.ask("chat", "by-portkey", stream=True)
    messages = without_portkey.caller.ask("messages", "claude-by-portkey")

    assert_refused(chat, 503, code="gateway_unavailable")
    assert_refused(streamed, 503, code="gateway_unavailable")
    assert_refused(messages, 503, "anthropic")
    assert without_portkey.caller.client.get("/v1/models", headers=without_portkey.gateway.headers()).status_code == 200
    assert without_portkey.caller.ask("chat", "no-such-model").status_code == 404
    event = without_portkey.caller.event(chat)
    assert (event["outcome"], event["cost_nano_usd"]) == ("failed", 0)


def test_without_portkey_the_express_lane_goes_on(without_portkey: Lab):
    assert without_portkey.caller.ask("chat", "one").status_code == 200
    assert without_portkey.caller.ask("messages", "claude").status_code == 200


def test_portkey_comes_back_by_itself(whole: Lab):
    kill(whole, "gateway")

    wait_back(whole, "gateway")

    assert whole.caller.ask("chat", "by-portkey").status_code == 200


def test_a_portkey_that_hangs_turns_health_to_503(whole: Lab):
    process = psutil.Process(part(whole, "gateway").pid)

    process.suspend()
    try:
        wait_until(lambda: health(whole) == 503, "/healthz to be 503", BACK_SECONDS)
    finally:
        process.resume()

    wait_until(lambda: health(whole) == 200, "/healthz to be 200", BACK_SECONDS)


# --- Envoy ---


def test_envoy_comes_back_with_the_policy_in_force(whole: Lab):
    kill(whole, "edge")
    wait_back(whole, "edge")

    assert whole.caller.ask("chat", "one").status_code == 200
    assert_refused(whole.caller.ask("chat", "no-such-model"), 404)


def test_requests_before_and_after_envoys_death_are_metered_once(whole: Lab):
    mark = whole.gateway.usage_mark()
    before = whole.caller.ask("chat", "one")
    log_lines(whole.gateway, [before.headers["x-request-id"]])  # what is still in its buffer dies with it

    kill(whole, "edge")
    wait_back(whole, "edge")
    after = whole.caller.ask("chat", "one")

    ids = [answer.headers["x-request-id"] for answer in (before, after)]
    whole.caller.event(after)
    assert [each["id"] for each in whole.gateway.usage_since(mark, 2) if each["id"] in ids] == ids


# --- the agent ---


def test_without_the_agent_calls_are_served_and_metered_later(whole: Lab):
    """It is killed in the middle of its work, twice."""
    answers: list[httpx.Response] = []
    for _ in range(2):
        answers += [whole.caller.ask("chat", "one") for _ in range(10)]
        with dead(whole, "agent"):
            answers += [whole.caller.ask("chat", "one") for _ in range(10)]

    assert {answer.status_code for answer in answers} == {200}
    ids = [answer.headers["x-request-id"] for answer in answers]
    for each in answers:
        whole.caller.event(each)
    seen = [event["id"] for event in whole.gateway.usage_since(0)]
    assert [seen.count(each) for each in ids] == [1] * len(ids)


def test_without_the_agent_nobody_under_a_content_rule_is_served(whole: Lab):
    with dead(whole, "agent"):
        asked = whole.caller.ask("chat", "asked")
        streamed = whole.caller.ask("chat", "redacted", stream=True)
        messages = whole.caller.ask("messages", "claude-redacted")
        nobody = list(whole["one"].requests), list(whole["claude"].requests)
        withheld = whole.caller.ask("chat", "answered")
        free = whole.caller.ask("chat", "one")

    for refused in (asked, streamed, withheld):
        assert_refused(refused, 503, code="scanner_unavailable")
    assert_refused(messages, 503, "anthropic")
    assert nobody == ([], [])
    assert free.status_code == 200
    events = [whole.caller.event(each) for each in (asked, withheld)]
    assert [event["outcome"] for event in events] == ["failed", "failed"]
    assert events[0]["cost_nano_usd"] == 0
    assert events[1]["cost_nano_usd"] > 0
    assert whole.caller.ask("chat", "asked").status_code == 200


def test_a_stream_survives_the_agents_death(whole: Lab):
    go_on = threading.Event()
    whole["one"].on("*", Answer.sse([OPENAI_CHUNKS[0], go_on, *OPENAI_CHUNKS[1:]]))

    with whole.caller.stream("chat", "one") as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        with dead(whole, "agent"):
            go_on.set()
            rest = b"".join(pieces)

    assert (first + rest).endswith(b"data: [DONE]\n\n")
    assert whole.caller.event(answer)["estimated"] is False


def test_an_edit_while_the_agent_is_dead_is_in_force_when_it_is_back(whole: Lab):
    path = whole.gateway.data.policy
    original = path.read_text()
    documents = yaml.safe_load(original)
    documents["routes"].append(route("meanwhile", "one"))

    kill(whole, "agent")
    path.write_text(yaml.safe_dump(documents))
    wait_back(whole, "agent")

    wait_until(lambda: whole.caller.ask("chat", "meanwhile").status_code == 200, "the new route")
    path.write_text(original)
    wait_until(lambda: whole.caller.ask("chat", "meanwhile").status_code == 404, "the route to go")


# --- the issuer ---


def test_without_the_issuer_known_tokens_are_good(whole: Lab):
    token = whole.gateway.token()

    with dead(whole, "issuer"), Caller(whole.gateway, token) as caller:
        assert caller.ask("chat", "one").status_code == 200
        assert caller.ask("chat", "one", headers={"authorization": "Bearer x"}).status_code == 401


# --- the supervisor's part ---


def test_a_death_is_counted_and_said(whole: Lab):
    before = part(whole, "issuer").restarts

    kill(whole, "issuer")
    wait_back(whole, "issuer")

    assert part(whole, "issuer").restarts == before + 1
    assert "issuer stopped (killed by SIGKILL)" in whole.gateway.data.log_of("supervisor").read_text()
