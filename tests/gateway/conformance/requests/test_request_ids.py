"""A request's id is the edge's own: usage events are told apart by it, so nobody may choose it."""

import uuid

import pytest

from gateway.conformance.kit.calls import Caller, encoded
from gateway.conformance.kit.http1 import exchange, request
from gateway.conformance.kit.http2 import Http2Wire
from gateway.conformance.kit.lab import Lab
from gateway.portkey_contract.recipes import OPENAI_CHAT
from gwctl.core.names import API_PATHS
from support.gateway import Gateway
from support.replay_provider import Answer

CHOSEN = "00000000-0000-4000-8000-000000000000"
NAMES = ["x-request-id", "X-Request-ID", "X-REQUEST-ID", "x_request_id", "request-id", "x-client-request-id"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [CHOSEN, "x", "", "a" * 2_000, '","status":200,"id":"'])
def test_the_client_does_not_choose_the_id(gateway: Gateway, name: str, value: str):
    headers = [(name, value), ("authorization", f"Bearer {gateway.token()}"), ("content-type", "application/json")]

    answer = exchange(gateway.url, request(API_PATHS["chat"], headers, encoded("chat")))

    assert answer is not None
    assert answer.status_code == 200
    assert str(uuid.UUID(answer.headers["x-request-id"])) == answer.headers["x-request-id"] != value


def test_two_chosen_ids_do_not_make_one_either(gateway: Gateway):
    headers = [("authorization", f"Bearer {gateway.token()}"), ("content-type", "application/json")]

    answer = exchange(
        gateway.url,
        request(API_PATHS["chat"], [("x-request-id", CHOSEN), *headers, ("x-request-id", CHOSEN)], encoded("chat")),
    )

    assert answer is not None
    assert CHOSEN not in answer.headers["x-request-id"]


def test_the_client_does_not_choose_the_id_over_http2(gateway: Gateway):
    headers = [("x-request-id", CHOSEN), ("authorization", f"Bearer {gateway.token()}")]

    with Http2Wire(gateway.url) as wire:
        stream = wire.send(API_PATHS["chat"], [*headers, ("content-type", "application/json")], encoded("chat"))
        answer = wire.answer(stream)

    assert answer is not None
    assert answer.headers["x-request-id"] != CHOSEN


def test_a_refusal_has_an_id_of_its_own(caller: Caller):
    ids = {caller.ask("chat", "no-such-model", headers={"x-request-id": CHOSEN}).headers["x-request-id"] for _ in "ab"}

    assert len(ids) == 2
    assert CHOSEN not in ids


def test_requests_with_the_same_chosen_id_are_metered_each(lab: Lab):
    lab.caller.event(lab.caller.ask("chat", "one"))  # so that what was asked before is an event
    mark = lab.gateway.usage_mark()
    answers = [lab.caller.ask("chat", "one", headers={"x-request-id": CHOSEN}) for _ in range(5)]

    events = lab.gateway.usage_since(mark, count=5)

    assert {event["id"] for event in events} == {answer.headers["x-request-id"] for answer in answers}


def test_a_providers_id_does_not_replace_ours(lab: Lab):
    lab["one"].on("*", Answer.json(OPENAI_CHAT, headers={"x-request-id": CHOSEN}))
    mark = lab.gateway.usage_mark()

    answer = lab.caller.ask("chat", "one")

    assert answer.headers.get_list("x-request-id") == [lab.gateway.usage_since(mark)[0]["id"]]
