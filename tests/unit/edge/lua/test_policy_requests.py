"""The decision about a request by what it says: path, body, model, and the content rules that hold for the model."""

import json
from dataclasses import replace
from typing import Any

import pytest

from unit.edge.asking import MESSAGES, PATHS, SECRETS, ask, assert_refused, routes, snapshot
from unit.edge.program import SETTINGS, Program

# --- what ---


@pytest.mark.parametrize("path", ["/v1/proxy/x", "/", "/v1/chat/completions/x", "/v1/chat/completionsx", "/v1/modelsx"])
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
        {"max_tokens": -2},
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
    assert outcome.decision.get("request", {}).get("max_tokens") == expected


@pytest.mark.parametrize("name", ["stream", "max_tokens", "n", "service_tier", "background"])
def test_null_is_absent(program: Program, name: str):
    outcome = program.request(body=f'{{"model":"fast","{name}":null}}'.encode())

    assert outcome.went_on
    assert outcome.decision["request"] == {"model": "fast", "stream": False}


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
    assert "model" not in outcome.decision["request"]


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
        ("redact", "responses", "api_not_scannable"),
        ("guard", "count_tokens", "api_not_scannable"),
        ("in", "chat", None),
        ("in", "messages", None),
        ("in", "embeddings", None),
        ("out", "chat", None),
        ("out", "embeddings", None),
        ("redact", "chat", None),
        ("redact", "messages", None),
        ("redact", "embeddings", None),
        ("redact-out", "messages", None),
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


def test_a_pattern_without_an_agent_that_looks_for_it_closes_the_model():
    providers = [{"id": "openai", "kind": "openai"}]
    targets = [{"provider": "openai", "model": "m"}]
    closed = Program(
        snapshot(providers=providers, routes=[{"id": "fast", "targets": targets, "scanner": ["in"]}], pricing=[]),
        settings=replace(SETTINGS, scanner_port=None),
    )

    assert_refused(ask(closed), 503, "scanner_unavailable")


# --- what clients write otherwise ---


@pytest.mark.parametrize("api", PATHS)
def test_a_slash_at_the_end_of_a_path_is_left_away(program: Program, api: str):
    asked = {"input": "hi"} if api in {"responses", "embeddings"} else {"messages": MESSAGES, "max_tokens": 9}
    model = "claude" if api in {"messages", "count_tokens"} else "fast"
    outcome = program.request(f"{PATHS[api]}/", {"model": model, **asked}, client="platform-ci")
    assert outcome.went_on
    assert not outcome.headers[":path"].endswith("/")


@pytest.mark.parametrize("key", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("lane", ["express", "portkey"])
def test_minus_one_means_as_long_an_answer_as_there_may_be(key: str, lane: str):
    """Ollama's and some editors' word for no limit, which OpenAI refuses."""
    target = {"provider": "openai", "model": "m", "max_output_tokens": 500}
    program = Program(snapshot(routes=[{"id": "fast", "targets": [target], "lane": lane}], scanner=[]), SECRETS)
    unlimited: dict[str, Any] = {key: -1}
    outcome = ask(program, model="fast", **unlimited, temperature=1)
    assert outcome.went_on
    assert json.loads(outcome.body)[key] is None
    assert outcome.headers["content-length"] == str(len(outcome.body))
    unlimited[key] = -2
    assert ask(program, model="fast", **unlimited).refusal == "invalid_value"
