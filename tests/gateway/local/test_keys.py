"""Virtual keys at a running gateway: where clients put them, whose spend it is, their limits, and the end of one."""

import re
from typing import Any

import httpx
import pytest

from gateway.local.desk import ANSWERED, Desk
from support.gateway import Gateway
from support.processes import wait_until

PROMISED_SECONDS = 2.0


@pytest.fixture(scope="module")
def desk(running_gateway: Gateway) -> Desk:
    running_gateway.require_local()
    return Desk(running_gateway)


def new_key(desk: Desk, **limits: Any) -> tuple[str, str]:
    """The id and the key, which every edge knows by now."""
    answer = desk.admin.post("/keys", json={"team": "default", **limits}).raise_for_status().json()
    wait_until(lambda: models(desk, answer["key"]) == 200, "the key to be known", PROMISED_SECONDS)
    return answer["document"]["id"], answer["key"]


def models(desk: Desk, key: str) -> int:
    return desk.edge.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer {}"},
        {"authorization": "bearer {}"},
        {"x-api-key": "{}"},
        {"api-key": "{}"},
        {"x-goog-api-key": "{}"},
    ],
    ids=lambda headers: " ".join(next(iter(headers.items()))).removesuffix(" {}"),
)
def test_a_key_is_good_wherever_clients_put_it(desk: Desk, headers: dict[str, str]):
    key_id, key = new_key(desk)
    mark = desk.gateway.usage_mark()

    assert desk.ask({name: value.format(key) for name, value in headers.items()}) == 200

    [event] = desk.gateway.usage_since(mark, client=key_id, api="chat")
    assert (event["team"], event["outcome"]) == ("default", "served")
    assert event["cost_nano_usd"] > 0


def test_a_token_is_good_there_too_and_without_either_nobody_gets_in(desk: Desk):
    token = desk.gateway.token()
    assert desk.ask({"x-api-key": token}) == 200
    assert desk.ask({"x-api-key": "something"}) == 401
    assert desk.ask({}) == 401
    assert desk.ask({"x-gw-key": new_key(desk)[0]}) == 401, "what the edge tells itself is taken from a client"


def test_neither_an_answer_nor_a_log_tells_a_key(desk: Desk):
    key_id, key = new_key(desk)
    secret = key.removeprefix(key_id)
    answers = [
        desk.edge.post("/v1/chat/completions", json=ANSWERED, headers={"authorization": f"Bearer {sent}"})
        for sent in (key, key[:-1], f"{key}x")
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 401]
    transport = httpx.HTTPTransport(uds=str(desk.gateway.admin_socket))
    with httpx.Client(transport=transport, base_url="http://envoy", timeout=10) as envoy:
        dump = envoy.get("/config_dump").text
    texts = [answer.text + str(answer.headers) for answer in answers] + [dump]
    texts += [path.read_text(errors="replace") for path in desk.data.root.rglob("*") if path.is_file()]
    assert not [text for text in texts if secret in text]
    assert key_id in dump, "so a secret would have been found, too"


def test_a_key_stops_at_its_own_limit_and_others_go_on(desk: Desk):
    key_id, key = new_key(desk, requests_per_minute=1, name="slow")
    headers = {"authorization": f"Bearer {key}"}
    answers = [desk.edge.post("/v1/chat/completions", json=ANSWERED, headers=headers) for _ in range(3)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, "three requests fall into two minutes at most"
    message = refused[-1].json()["error"]["message"]
    assert f"key:{key_id}" in message
    assert desk.ask(desk.gateway.headers()) == 200


def test_a_dollar_limit_of_a_key_is_hard(desk: Desk):
    _, key = new_key(desk, limit_usd=0)
    answer = desk.edge.post("/v1/chat/completions", json=ANSWERED, headers={"x-api-key": key})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "insufficient_quota")


def test_a_key_for_some_models_sees_no_others(desk: Desk):
    aliases = [model["id"] for model in desk.edge.get("/v1/models", headers=desk.gateway.headers()).json()["data"]]
    _, key = new_key(desk, models=[ANSWERED["model"]])
    seen = desk.edge.get("/v1/models", headers={"x-api-key": key}).json()["data"]
    assert [model["id"] for model in seen] == [ANSWERED["model"]]
    assert desk.ask({"x-api-key": key}, model=next(each for each in aliases if each != ANSWERED["model"])) == 404


@pytest.mark.parametrize("end", ["revoked", "rotated", "disabled"])
def test_the_end_of_a_key_is_enforced_within_two_seconds(desk: Desk, end: str):
    key_id, key = new_key(desk)
    headers = {"authorization": f"Bearer {key}"}
    assert desk.ask(headers) == 200
    match end:
        case "revoked":
            desk.admin.delete(f"/keys/{key_id}", headers={"if-match": "*"}).raise_for_status()
        case "rotated":
            desk.admin.post(f"/keys/{key_id}/rotate").raise_for_status()
        case _:
            desk.put(f"/keys/{key_id}", {"id": key_id, "team": "default", "enabled": False})
    wait_until(lambda: desk.ask(headers) in (401, 403), "the key to be refused", PROMISED_SECONDS)


def test_a_rotated_key_and_the_one_before_it_are_good_for_a_while(desk: Desk):
    key_id, old = new_key(desk)
    new = desk.admin.post(f"/keys/{key_id}/rotate", params={"grace_seconds": 60}).raise_for_status().json()["key"]
    wait_until(lambda: models(desk, new) == 200, "the new key to be known", PROMISED_SECONDS)
    assert models(desk, old) == 200


def test_a_refusal_says_how_long_an_answer_would_fit_and_it_does(desk: Desk):
    _, key = new_key(desk, limit_usd=0.05)
    headers = {"authorization": f"Bearer {key}"}
    refused = desk.edge.post("/v1/chat/completions", json={**ANSWERED, "max_tokens": 100_000}, headers=headers)
    message = refused.json()["error"]["message"]
    assert refused.status_code == 429, message
    fits = re.search(r"With an answer of at most ([\d,]+) tokens \(max_tokens\) it would fit", message)
    assert fits, message
    cap = int(fits[1].replace(",", ""))
    assert desk.ask(headers, max_tokens=cap + 10) == 429, "some more than the bytes by which this body is shorter"
    assert desk.ask(headers, max_tokens=cap) == 200
