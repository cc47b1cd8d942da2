"""The decision about a request, as the real Lua program takes it in LuaJIT: who asks, and what goes on to Portkey."""

from typing import Any

import pytest

from unit.edge.asking import PATHS, ask, assert_refused, snapshot
from unit.edge.program import Program, claims

# --- what goes on ---


def test_a_permitted_request_goes_on_to_portkey(program: Program):
    outcome = ask(program)

    assert outcome.went_on
    assert outcome.route_cache_cleared
    assert outcome.headers["x-gw-route"] == "portkey"
    assert outcome.config["provider"] == "openai"
    assert outcome.config["api_key"] == "sk-1"
    assert outcome.config["override_params"] == {"model": "gpt-4o-mini"}


def test_a_streamed_chat_asks_the_provider_for_usage(program: Program):
    outcome = ask(program, stream=True)

    assert outcome.config["override_params"] == {"model": "gpt-4o-mini", "stream_options": {"include_usage": True}}


@pytest.mark.parametrize("api", ["messages", "responses"])
def test_other_streams_are_left_alone(program: Program, api: str):
    outcome = ask(program, api, "claude" if api == "messages" else "fast", "platform-ci", stream=True)

    assert "stream_options" not in str(outcome.config)


def test_a_plain_answer_may_take_as_long_as_all_targets_and_a_stream_as_long_as_it_wants(program: Program):
    header = "x-envoy-upstream-rq-timeout-ms"

    assert ask(program).headers[header] == "602000"
    assert ask(program, model="claude", client="platform-ci").headers[header] == "1202000"
    assert header not in ask(program, stream=True).headers


def test_a_fallback_gets_the_credentials_of_each_provider(program: Program):
    outcome = ask(program, model="claude", client="platform-ci")

    assert [target["api_key"] for target in outcome.config["targets"]] == ["sk-ant-1", "sk-1"]


def test_the_log_learns_what_was_asked_and_decided(program: Program):
    outcome = ask(program, stream=True, max_tokens=50, n=2, service_tier="flex")

    assert outcome.decision["request"] == {
        "model": "fast",
        "stream": True,
        "max_tokens": 50,
        "n": 2,
        "service_tier": "flex",
    }
    policy = outcome.decision
    assert (policy["team"], policy["api"]) == ("search", "chat")
    assert policy["variant"].startswith("fast~")
    assert policy["policy"] == snapshot().label


def test_the_query_and_parameters_of_the_content_type_end_at_the_edge(program: Program):
    headers = {"content-type": "application/json; charset=utf-16"}

    outcome = program.request("/v1/chat/completions?pretty=1", {"model": "fast"}, headers=headers)

    assert outcome.headers[":path"] == "/v1/chat/completions"
    assert outcome.headers["content-type"] == "application/json"


def test_a_changed_key_is_used_at_once(program: Program):
    before, program.credentials = program.credentials, program.credentials.replace("sk-1", "sk-2")

    try:
        assert ask(program).config["api_key"] == "sk-2"
    finally:
        program.credentials = before


# --- who ---


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        pytest.param({}, 401, "invalid_token", id="no claims"),
        pytest.param(claims("search-api", token_use="id"), 401, "invalid_token", id="an id token"),
        pytest.param(claims("search-api", token_use=None), 401, "invalid_token", id="no use"),
        pytest.param(claims("search-api", scope=None), 403, "insufficient_scope", id="no scope"),
        pytest.param(claims("search-api", scope=1), 403, "insufficient_scope", id="scope is a number"),
        pytest.param(claims("search-api", scope="gateway/read"), 403, "insufficient_scope", id="another scope"),
        pytest.param(claims("search-api", scope="xgateway/invoke"), 403, "insufficient_scope", id="a longer scope"),
        pytest.param(
            claims("search-api", scope="gateway/invoked"), 403, "insufficient_scope", id="a scope with a tail"
        ),
        pytest.param(claims("nobody"), 403, "unknown_client", id="nobody's client"),
        pytest.param(claims("search-api", client_id=None), 403, "unknown_client", id="no client"),
        pytest.param(claims("search-api", client_id=7), 403, "unknown_client", id="client is a number"),
        pytest.param(claims("off"), 403, "client_disabled", id="a disabled client"),
        pytest.param(claims("closed-ci"), 403, "team_disabled", id="a client of a disabled team"),
    ],
)
def test_a_token_that_does_not_permit_is_refused(program: Program, token: Any, status: int, code: str):
    assert_refused(program.request(body={"model": "fast"}, token=token), status, code)


def test_one_scope_among_several_is_enough(program: Program):
    token = claims("search-api", scope="gateway/read gateway/invoke gateway/admin")

    assert program.request(body={"model": "fast"}, token=token).went_on


@pytest.mark.parametrize("algorithm", ["RS384", "PS256", "ES256", "none", ""])
def test_another_algorithm_than_rs256_is_refused(program: Program, algorithm: str):
    assert_refused(program.request(body={"model": "fast"}, algorithm=algorithm), 401, "invalid_token")


def test_a_401_says_how_to_authenticate(program: Program):
    outcome = program.request(body={"model": "fast"}, token={})

    assert outcome.headers["www-authenticate"] == 'Bearer error="invalid_token"'


# --- failing closed ---


def test_an_error_of_the_script_is_a_500_and_goes_nowhere():
    broken = Program(snapshot())
    broken.lua.execute(b"pairs = function() error('broken') end")

    outcome = ask(broken)

    assert (outcome.status, outcome.json["error"]["code"], outcome.went_on) == (500, "internal_error", False)
    assert "broken" not in outcome.body.decode()
    assert "broken" in outcome.errors[0]


def test_without_credentials_nothing_is_sent(program: Program):
    before, program.credentials = program.credentials, "{}"

    try:
        assert_refused(ask(program), 503, "gateway_unavailable")
    finally:
        program.credentials = before


# --- shapes ---


@pytest.mark.parametrize("api", PATHS)
def test_a_refusal_has_the_shape_of_its_path(program: Program, api: str):
    outcome = ask(program, api, "nope")

    if api in {"messages", "count_tokens"}:
        assert outcome.json.keys() == {"type", "error"}
        assert outcome.json["error"].keys() == {"type", "message"}
        assert outcome.json["error"]["type"] == "not_found_error"
    else:
        assert outcome.json["error"].keys() == {"message", "type", "param", "code"}
        assert outcome.json["error"]["code"] == "model_not_found"
    assert '"nope"' in outcome.json["error"]["message"]


# --- /v1/models ---


def test_models_are_those_of_the_team(program: Program):
    outcome = program.request("/v1/models", method="GET")

    assert outcome.status == 200
    assert outcome.json == {
        "object": "list",
        "data": [{"id": "fast", "object": "model", "created": 0, "owned_by": "gateway"}],
    }


def test_models_come_in_anthropics_shape_when_asked_so(program: Program):
    outcome = program.request("/v1/models", method="GET", headers={"anthropic-version": "2023-06-01"})

    assert [model["id"] for model in outcome.json["data"]] == ["fast"]
    assert outcome.json["data"][0]["type"] == "model"
    assert (outcome.json["has_more"], outcome.json["first_id"], outcome.json["last_id"]) == (False, "fast", "fast")


def test_codex_gets_the_list_that_it_looks_for(program: Program):
    assert program.request("/v1/models?client_version=1", method="GET").json["models"] == []


@pytest.mark.parametrize("path", ["/v1/models/fast", "/v1/models/f%61st"])
def test_one_model_is_found(program: Program, path: str):
    assert program.request(path, method="GET").json["id"] == "fast"


@pytest.mark.parametrize("path", ["/v1/models/claude", "/v1/models/fast/x"])
def test_a_model_of_others_is_not_found(program: Program, path: str):
    assert_refused(program.request(path, method="GET"), 404, "model_not_found")


def test_models_cannot_be_posted(program: Program):
    assert_refused(program.request("/v1/models", {}), 405, "method_not_allowed")


def test_a_model_that_no_api_can_serve_is_not_listed():
    base = snapshot()
    teams = base.profiles[base.teams["search"].profile]
    emptied = base.model_copy(
        update={
            "profiles": {
                **base.profiles,
                base.teams["search"].profile: teams.model_copy(update={"models": {"fast": {}}}),
            }
        }
    )
    program = Program(emptied)

    assert program.request("/v1/models", method="GET").json["data"] == []
    assert_refused(ask(program), 400, "api_not_supported")
