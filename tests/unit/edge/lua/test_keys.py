"""The filter that knows virtual keys: what it lets through, what it refuses, and what it does with tokens."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.core.keys import new_key
from gwctl.edge.render import keys_source
from unit.edge.asking import SECRETS, TEAMS, snapshot
from unit.edge.program import HANDLE, Headers, Outcome, Program, lua_runtime, python

NEW, OLD, ENDED, EXPIRED, INSIDE = (new_key() for _ in range(5))
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
FOREIGN = new_key(NEW.id)
"""Another secret of a key that exists."""


def key(new: Any, *others: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": new.id, "team": "platform", "secrets": [{"sha256": new.sha256}, *others], **more}


KEYS = [
    key(NEW, {"sha256": new_key(NEW.id).sha256}),
    {**key(OLD), "secrets": [{"sha256": OLD.sha256, "until": (NOW + HOUR).isoformat()}]},
    {**key(ENDED), "secrets": [{"sha256": ENDED.sha256, "until": (NOW - HOUR).isoformat()}]},
    key(EXPIRED, expires=(NOW - HOUR).isoformat()),
    key(INSIDE, networks=["10.1.0.0/16", "192.0.2.7/32", "2001:db8:1::/48"]),
]
BOUND = [{**key(NEW), "models": ["fast"], "requests_per_minute": 3, "limit_usd": "1.5"}]


class Keys(Program):
    """The program of the keys' filter."""

    def __init__(self) -> None:
        self.lua = lua_runtime()
        self.lua.execute(HANDLE)
        self.lua.execute(keys_source(snapshot(keys=KEYS)).encode())

    def ask(self, headers: Headers, path: str = "/v1/chat/completions", address: str = "203.0.113.9:4711") -> Outcome:
        handle = self.lua.globals().new_handle(
            self.table({":path": path, **headers}), None, self.table({}), address.encode()
        )
        self.lua.globals().envoy_on_request(handle)
        return self._outcome(handle)


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


@pytest.fixture(scope="module")
def sha256() -> Any:
    script = (files("gwctl.edge") / "lua" / "sha256.lua").read_bytes()
    return lua_runtime().execute(script)


@given(st.binary(max_size=200))
def test_the_digest_is_sha_256(sha256: Any, text: bytes):
    assert python(sha256(text)) == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
@pytest.mark.parametrize("made", [NEW, OLD], ids=["current", "replaced, with time left"])
def test_a_key_is_known_and_goes_no_further(keys: Keys, made: Any, scheme: str):
    outcome = keys.ask({"authorization": f"{scheme} {made.text}"})
    assert (outcome.status, outcome.errors) == (None, [])
    assert outcome.headers == {":path": "/v1/chat/completions", "x-gw-key": made.id}
    assert outcome.metadata["envoy.filters.http.jwt_authn"]["claims"] == {"client_id": made.id}


@pytest.mark.parametrize("place", ["x-api-key", "api-key", "x-goog-api-key"])
def test_a_key_or_a_token_is_read_where_clients_put_it(keys: Keys, place: str):
    assert keys.ask({place: NEW.text}).headers == {":path": "/v1/chat/completions", "x-gw-key": NEW.id}
    assert keys.ask({place: "eyJ.a.b"}).headers == {":path": "/v1/chat/completions", "authorization": "Bearer eyJ.a.b"}


def test_authorization_comes_before_the_other_places_and_those_end_here(keys: Keys):
    outcome = keys.ask({"authorization": "bearer eyJ.a.b", "x-api-key": NEW.text, "api-key": NEW.text})
    assert outcome.headers == {":path": "/v1/chat/completions", "authorization": "Bearer eyJ.a.b"}
    basic = keys.ask({"authorization": "Basic eyJ", "x-api-key": NEW.text})
    assert basic.headers == {":path": "/v1/chat/completions", "authorization": "Basic eyJ"}, (
        "left to who verifies tokens"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (new_key().text, "the gateway does not know it."),
        (FOREIGN.text, "the gateway does not know it."),
        (NEW.text[:-1], "the gateway does not know it."),
        (NEW.text + "x", "the gateway does not know it."),
        (NEW.text.upper(), None),
        ("gwk_", "the gateway does not know it."),
        (ENDED.text, "it was replaced by a new one."),
        (EXPIRED.text, "it has expired."),
    ],
    ids=["unknown", "another secret", "short", "long", "upper case", "prefix alone", "replaced", "expired"],
)
def test_any_other_key_is_a_401_that_does_not_repeat_it(keys: Keys, text: str, said: str | None):
    outcome = keys.ask({"authorization": f"Bearer {text}"})
    if said is None:  # not even written like a key: whoever verifies tokens refuses it
        assert outcome.headers["authorization"] == f"Bearer {text}"
        return
    assert (outcome.status, outcome.refusal, outcome.errors) == (401, "invalid_key", [])
    assert outcome.json["error"]["message"] == f"The key was not accepted: {said}"
    assert text not in outcome.body.decode().replace("gwk_", "")


def test_a_refused_key_is_told_in_the_shape_of_the_path(keys: Keys):
    outcome = keys.ask({"x-api-key": new_key().text}, "/v1/messages")
    assert outcome.json["error"]["type"] == "authentication_error"
    assert outcome.json["type"] == "error"


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3:443", True),
        ("10.2.0.0:443", False),
        ("192.0.2.7:1", True),
        ("192.0.2.6:1", False),
        ("[2001:db8:1::7]:443", True),
        ("[2001:db8:1:ffff:1:2:3:4]:443", True),
        ("[2001:db8:2::1]:443", False),
        ("[::1]:443", False),
    ],
)
def test_a_key_with_networks_is_good_from_there_alone(keys: Keys, address: str, allowed: bool):
    outcome = keys.ask({"x-api-key": INSIDE.text}, address=address)
    assert (outcome.status, outcome.refusal) == ((None, None) if allowed else (403, "key_not_here"))


def test_a_key_is_under_its_own_models_and_limits():
    compiled = snapshot(keys=BOUND)
    program = Program(compiled, SECRETS)
    token = {"client_id": NEW.id}
    asked = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}
    good = program.request(body=asked, token=token, headers={"x-gw-key": NEW.id})
    assert good.went_on
    assert json.loads(good.headers["x-gw-reserve"])["client"] == NEW.id
    assert good.decision["team"] == "platform"
    refused = program.request(body={**asked, "model": "claude"}, token=token, headers={"x-gw-key": NEW.id})
    assert (refused.status, refused.refusal) == (404, "model_not_found")
    assert {name: (quota.scope, quota.unit, quota.limit, quota.period) for name, quota in compiled.quotas.items()} == {
        f"{NEW.id}.requests": (f"key:{NEW.id}", "requests", 3, "minute"),
        f"{NEW.id}.usd": (f"key:{NEW.id}", "nano_usd", 1_500_000_000, "month"),
    }


def test_claims_like_those_of_a_key_do_not_replace_a_token():
    program = Program(snapshot(keys=BOUND), SECRETS)
    outcome = program.request(body={"model": "fast", "messages": []}, token={"client_id": NEW.id})
    assert (outcome.status, outcome.refusal) == (401, "invalid_token")


def test_a_disabled_key_or_team_is_refused():
    off = [{**key(NEW), "enabled": False}, {**key(OLD), "team": "closed"}]
    program = Program(snapshot(keys=off, teams=TEAMS), SECRETS)
    for made, code in ((NEW, "client_disabled"), (OLD, "team_disabled")):
        outcome = program.request(body={}, token={"client_id": made.id}, headers={"x-gw-key": made.id})
        assert (outcome.status, outcome.refusal) == (403, code)
