"""The decision about a request, as the real Lua program takes it in LuaJIT."""

from typing import Any

import pytest

from gwctl.policy.snapshot import Snapshot
from unit.edge.program import Outcome, Program, claims
from unit.policy.examples import compiled, sections

MESSAGES = [{"role": "user", "content": "hi"}]
PATHS = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "count_tokens": "/v1/messages/count_tokens",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
}
RULES = [
    {"id": "in", "action": "deny", "pattern": "x", "teams": []},
    {"id": "out", "action": "deny", "pattern": "x", "on": ["output"], "teams": []},
    {"id": "redact", "action": "redact", "pattern": "x", "teams": []},
    {"id": "redact-out", "action": "redact", "pattern": "x", "on": ["output"], "teams": []},
    {"id": "guard", "action": "deny", "bedrock_guardrail": {"id": "abc", "version": "1"}, "teams": []},
]
TEAMS = [{"id": "search", "models": ["fast"]}, {"id": "platform"}, {"id": "closed", "enabled": False}]
CLIENTS = [
    {"id": "search-api", "team": "search"},
    {"id": "platform-ci", "team": "platform"},
    {"id": "closed-ci", "team": "closed"},
    {"id": "off", "team": "platform", "enabled": False},
]


def routes() -> list[dict[str, Any]]:
    def ruled(prefix: str, provider: str) -> list[dict[str, Any]]:
        targets = [{"provider": provider, "model": "m"}]
        return [{"id": f"{prefix}-{rule['id']}", "targets": targets, "scanner": [rule["id"]]} for rule in RULES]

    return [*sections()["routes"], *ruled("ruled", "openai"), *ruled("claude", "anthropic")]


def snapshot(**replaced: Any) -> Snapshot:
    return compiled(
        **{"scanner": RULES, "teams": TEAMS, "clients": CLIENTS, "routes": routes(), "budgets": [], **replaced}
    )


@pytest.fixture(scope="module")
def program() -> Program:
    return Program(snapshot(), {"openai": {"api_key": "sk-1"}, "anthropic": {"api_key": "sk-ant-1"}})


def ask(program: Program, api: str = "chat", model: str = "fast", client: str = "search-api", **fields: Any) -> Outcome:
    body = {"model": model, "messages": MESSAGES, **fields}
    return program.request(PATHS[api], {k: v for k, v in body.items() if v is not None}, client=client)


def assert_refused(outcome: Outcome, status: int, code: str) -> None:
    assert (outcome.status, outcome.refusal, outcome.errors) == (status, code, [])
    assert not outcome.went_on


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


def test_a_fallback_gets_the_credentials_of_each_provider(program: Program):
    outcome = ask(program, model="claude", client="platform-ci")

    assert [target["api_key"] for target in outcome.config["targets"]] == ["sk-ant-1", "sk-1"]


def test_the_log_learns_what_was_asked_and_decided(program: Program):
    outcome = ask(program, stream=True, max_tokens=50, n=2, service_tier="flex")

    assert outcome.metadata["gw.request"] == {
        "model": "fast",
        "stream": True,
        "max_tokens": 50,
        "n": 2,
        "service_tier": "flex",
    }
    policy = outcome.metadata["gw.policy"]
    assert (policy["team"], policy["api"]) == ("search", "chat")
    assert policy["variant"].startswith("fast~")
    assert policy["policy"] == snapshot().label


def test_only_headers_that_portkey_needs_go_on(program: Program):
    sent = {
        "authorization": "Bearer client",
        "x-api-key": "client",
        "cookie": "a=b",
        "accept-encoding": "gzip",
        "x-forwarded-for": "10.0.0.1",
        "x-portkey-custom-host": "https://evil.test",
        "anthropic-beta": "tools",
        "user-agent": "curl",
    }

    outcome = program.request(body={"model": "fast"}, headers=sent)

    assert set(outcome.headers) == {
        ":method",
        ":path",
        ":authority",
        ":scheme",
        "content-type",
        "x-request-id",
        "anthropic-beta",
        "x-gw-route",
        "x-portkey-config",
    }


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


# --- what ---


@pytest.mark.parametrize("path", ["/v1/proxy/x", "/", "/v1/chat/completions/", "/v1/chat/completionsx", "/v1/modelsx"])
def test_an_unknown_path_is_refused(program: Program, path: str):
    assert_refused(program.request(path, {"model": "fast"}), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "post"])
def test_another_method_than_post_is_refused(program: Program, method: str):
    outcome = program.request(body={"model": "fast"}, method=method)

    assert_refused(outcome, 405, "method_not_allowed")
    assert outcome.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": ""},
        {"content-type": "application/jsonx"},
        {"content-type": "application/json, text/plain"},
        {"content-type": "application/json text/plain"},
        {"content-encoding": "gzip"},
        {"content-encoding": "identity"},
    ],
)
def test_a_body_that_is_not_plain_json_is_refused(program: Program, headers: dict[str, str]):
    assert_refused(program.request(body={"model": "fast"}, headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON ; charset=utf-8", " application/json;x=y"])
def test_json_may_be_said_in_several_ways(program: Program, kind: str):
    assert program.request(body={"model": "fast"}, headers={"content-type": kind}).went_on


@pytest.mark.parametrize(
    "fields",
    [
        {"model": None},
        {"model": 1},
        {"model": ["fast"]},
        {"model": {"fast": 1}},
        {"model": True},
        {"stream": "true"},
        {"stream": 1},
        {"stream": []},
        {"max_tokens": "5"},
        {"max_tokens": 1.5},
        {"max_tokens": -1},
        {"max_tokens": True},
        {"max_tokens": [1]},
        {"max_tokens": {}},
        {"max_completion_tokens": 2**53},
        {"max_output_tokens": "x"},
        {"n": "2"},
        {"service_tier": 1},
        {"background": True},
        {"background": "true"},
    ],
    ids=str,
)
def test_a_member_of_another_type_is_refused(program: Program, fields: dict[str, Any]):
    assert_refused(ask(program, **fields), 400, "invalid_value")


@pytest.mark.parametrize("number", [b"1e400", b"1e3", b"0x10", b"1e-1", b"12345678901234567890", b"-0", b"1.0"])
def test_a_number_is_read_as_portkey_reads_it_or_refused(program: Program, number: bytes):
    outcome = program.request(body=b'{"model":"fast","max_tokens":' + number + b"}")

    expected = {b"1e3": 1000, b"-0": 0, b"1.0": 1}.get(number)
    assert outcome.went_on is (expected is not None)
    assert outcome.metadata.get("gw.request", {}).get("max_tokens") == expected


@pytest.mark.parametrize("name", ["stream", "max_tokens", "n", "service_tier", "background"])
def test_null_is_absent(program: Program, name: str):
    outcome = program.request(body=f'{{"model":"fast","{name}":null}}'.encode())

    assert outcome.went_on
    assert outcome.metadata["gw.request"] == {"model": "fast", "stream": False}


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b"null", b'{"model":"fast",}'])
def test_a_body_that_is_no_object_is_refused(program: Program, body: bytes):
    assert_refused(program.request(body=body), 400, "malformed_json")


def test_a_missing_body_is_refused(program: Program):
    assert_refused(program.request(body=None), 400, "malformed_json")


def test_a_key_that_comes_twice_is_refused_and_named(program: Program):
    outcome = program.request(body=b'{"model":"fast","stream":false,"stream":true}')

    assert_refused(outcome, 400, "duplicate_key")
    assert "stream" in outcome.json["error"]["message"]


# --- which model ---


@pytest.mark.parametrize(
    "model",
    [
        "claude",
        "nope",
        "",
        "FAST",
        "fast ",
        "fa\u0000st",
        "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    ],
)
def test_a_model_that_the_team_may_not_use_does_not_exist(program: Program, model: str):
    assert_refused(ask(program, model=model), 404, "model_not_found")


def test_a_model_may_be_written_with_escapes(program: Program):
    assert program.request(body=b'{"model":"f\\u0061st"}').went_on


def test_a_model_with_a_long_name_is_not_repeated(program: Program):
    outcome = ask(program, model="m" * 100_000)

    assert_refused(outcome, 404, "model_not_found")
    assert len(outcome.body) < 500
    assert "model" not in outcome.metadata["gw.request"]


@pytest.mark.parametrize(("api", "model"), [("embeddings", "claude"), ("responses", "claude"), ("messages", "fast")])
def test_an_api_that_no_target_serves_is_refused_and_the_others_are_named(program: Program, api: str, model: str):
    restricted = Program(snapshot(routes=[{**route, "fallbacks": []} for route in routes()]))

    outcome = ask(restricted, api, model, "platform-ci")

    assert_refused(outcome, 400, "api_not_supported")
    assert "/v1/chat/completions" in outcome.body.decode()
    assert PATHS[api] + "," not in outcome.body.decode()


# --- content rules ---


@pytest.mark.parametrize(
    ("rule", "api", "code"),
    [
        ("in", "responses", "api_not_scannable"),
        ("in", "count_tokens", "api_not_scannable"),
        ("out", "responses", "api_not_scannable"),
        ("redact", "embeddings", "api_not_scannable"),
        ("redact-out", "messages", "api_not_scannable"),
        ("in", "chat", None),
        ("in", "messages", None),
        ("in", "embeddings", None),
        ("out", "chat", None),
        ("out", "embeddings", None),
        ("redact", "chat", None),
        ("redact", "messages", None),
        ("redact-out", "chat", None),
        ("guard", "chat", None),
    ],
)
def test_an_api_on_which_a_rule_would_not_hold_is_refused(program: Program, rule: str, api: str, code: str | None):
    alias = f"claude-{rule}" if api in {"messages", "count_tokens"} else f"ruled-{rule}"

    outcome = ask(program, api, alias, "platform-ci")

    assert (outcome.refusal, outcome.went_on) == (code, code is None)


@pytest.mark.parametrize(("rule", "streams"), [("in", True), ("redact", True), ("out", False), ("redact-out", False)])
def test_a_stream_that_cannot_be_checked_is_refused(program: Program, rule: str, streams: bool):
    outcome = ask(program, "chat", f"ruled-{rule}", "platform-ci", stream=True)

    assert (outcome.refusal, outcome.went_on) == (None if streams else "stream_not_scannable", streams)


def test_a_bedrock_guardrail_without_credentials_closes_the_model():
    providers = [{"id": "openai", "kind": "openai"}]
    targets = [{"provider": "openai", "model": "m"}]
    closed = Program(
        snapshot(providers=providers, routes=[{"id": "fast", "targets": targets, "scanner": ["guard"]}], pricing=[])
    )

    assert_refused(ask(closed), 503, "scanner_unavailable")


# --- failing closed ---


def test_an_error_of_the_script_is_a_500_and_goes_nowhere():
    broken = Program(snapshot())
    broken.lua.execute(b"pairs = function() error('broken') end")

    outcome = ask(broken)

    assert (outcome.status, outcome.refusal, outcome.went_on) == (500, "internal_error", False)
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


@pytest.mark.parametrize("path", ["/v1/models/claude", "/v1/models/", "/v1/models/fast/x"])
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
