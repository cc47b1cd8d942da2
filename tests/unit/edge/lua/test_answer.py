"""What the real Lua program makes of answers: shape, guardrail results, headers."""

import json
from typing import Any

import pytest

from unit.edge.program import Outcome, Program

CHAT = {"api": "chat", "variant": "fast~1"}
MESSAGES = {"api": "messages", "variant": "claude~1"}
RESULTS: dict[str, Any] = {"before_request_hooks": [{"data": {"matchedText": "SECRET"}}], "after_request_hooks": []}
HOOKS_FAILED = {"message": "The guardrail checks failed.", "type": "hooks_failed", "param": None, "code": None}


def error(outcome: Outcome) -> Any:
    assert outcome.headers["content-type"] == "application/json"
    assert int(outcome.headers["content-length"]) == len(outcome.body)
    return outcome.json["error"]


# --- answers that are fine ---


def test_an_answer_passes_byte_for_byte(program: Program):
    body = b'{"id" : "1", "choices":[]}'

    outcome = program.answer(200, body, policy=CHAT)

    assert (outcome.status, outcome.body, outcome.refusal) == (200, body, None)


def test_an_answer_with_a_failed_check_is_200(program: Program):
    assert program.answer(246, b"{}", policy=CHAT).status == 200


def test_a_stream_is_not_touched(program: Program):
    outcome = program.answer(200, None, policy={**CHAT, "scanned": True}, headers={"content-type": "text/event-stream"})

    assert (outcome.status, outcome.body) == (200, b"")
    assert "content-length" not in outcome.headers


# --- guardrails ---


@pytest.mark.parametrize(
    "text",
    ["hi", '","hook_results":{}}', 'a\\",\\"hook_results\\":{"before_request_hooks":[]}', "\u2028 ü \x00", "]]}}"],
)
def test_results_are_cut_off_whatever_the_texts_say(program: Program, text: str):
    answer = {"id": "1", "choices": [{"message": {"content": text}}], "usage": {"prompt_tokens": 1}}
    results = {**RESULTS, "excerpt": text}

    outcome = program.answer(200, {**answer, "hook_results": results}, policy={**CHAT, "scanned": True})

    assert outcome.json == answer
    assert int(outcome.headers["content-length"]) == len(outcome.body)


def test_a_scanned_answer_without_results_passes(program: Program):
    outcome = program.answer(200, {"id": "1"}, policy={**CHAT, "scanned": True})

    assert outcome.body == b'{"id":"1"}'


@pytest.mark.parametrize("body", [b'{"a":1,"a":2}', b"{", b"", b'{"x":' + b"[" * 300 + b"]" * 300 + b"}"])
def test_a_scanned_answer_that_cannot_be_read_is_withheld(program: Program, body: bytes):
    outcome = program.answer(200, body, policy={**CHAT, "scanned": True})

    assert (outcome.status, outcome.refusal) == (500, None)
    assert error(outcome)["code"] == "internal_error"
    assert outcome.errors


@pytest.mark.parametrize("policy", [CHAT, MESSAGES], ids=["chat", "messages"])
def test_a_refused_request_is_a_400_without_the_matched_text(program: Program, policy: Any):
    outcome = program.answer(446, {"error": HOOKS_FAILED, "hook_results": RESULTS}, policy=policy)

    assert (outcome.status, outcome.refusal) == (400, "content_refused")
    assert error(outcome)["type"] == "invalid_request_error"
    assert b"SECRET" not in outcome.body
    assert ("type" in outcome.json) is (policy is MESSAGES)


@pytest.mark.parametrize(
    "body",
    [
        {
            "error": HOOKS_FAILED,
            "hook_results": {"before_request_hooks": [], "after_request_hooks": [{"verdict": False}]},
        },
        {"error": HOOKS_FAILED},
        b"not JSON",
    ],
    ids=["by an answer's rule", "no results", "no JSON"],
)
def test_a_refusal_that_may_have_cost_something_says_so(program: Program, body: Any):
    outcome = program.answer(446, body, policy=CHAT)

    assert (outcome.status, outcome.refusal, error(outcome)["code"]) == (400, "answer_refused", "answer_refused")


def checked(said: str | None = None, *, stage: str = "before", bedrock: bool | None = None) -> dict[str, Any]:
    """Results as Portkey tells them: of the agent, which failed if it `said` nothing, and of a rule of Bedrock's."""
    error = {"error": {"name": "TypeError", "message": "fetch failed"}} if said is None else {}
    check = {"id": "default.webhook", "data": {"webhookUrl": "http://127.0.0.1", "responseData": said}, **error}
    found = [{"verdict": False, "deny": True, "id": "patterns", "checks": [check]}]
    if bedrock is not None:
        guard = {"id": "bedrock.guard", "data": {"action": "NONE"}}
        found.insert(0, {"verdict": not bedrock, "deny": bedrock, "id": "guard", "checks": [guard]})
    stages: dict[str, Any] = {"before_request_hooks": [], "after_request_hooks": []}
    return {"error": HOOKS_FAILED, "hook_results": {**stages, f"{stage}_request_hooks": found}}


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        (checked("one"), "one"),
        (checked("one,two", stage="after"), "one,two"),
        (checked("one", bedrock=True), "guard,one"),
        (checked("one", bedrock=False), "one"),
        (checked(bedrock=True), "guard"),
        (checked(""), None),
    ],
)
def test_the_rules_that_refused_are_named_for_the_log(program: Program, body: dict[str, Any], rules: str | None):
    outcome = program.answer(446, body, policy=CHAT)

    assert outcome.status == 400
    assert outcome.rules == rules


@pytest.mark.parametrize(("stage", "refusal"), [("before", None), ("after", "answer_refused")])
def test_what_could_not_be_checked_is_a_503_and_an_answer_is_not_free(
    program: Program, stage: str, refusal: str | None
):
    outcome = program.answer(446, checked(stage=stage), policy=CHAT)

    assert (outcome.status, error(outcome)["code"]) == (503, "scanner_unavailable")
    assert (outcome.refusal, outcome.rules) == (refusal, None)


# --- errors of providers ---


def test_a_providers_error_keeps_status_words_and_code(program: Program):
    said = {"message": "openai error: slow down", "type": "rate_limit_exceeded", "param": None, "code": "tpm"}

    outcome = program.answer(429, {"error": said, "provider": "openai"}, policy=CHAT)

    assert (outcome.status, outcome.refusal) == (429, None)
    assert outcome.json == {"error": {**said, "message": "slow down"}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (404, "not_found_error"),
        (408, "timeout_error"),
        (413, "request_too_large"),
        (418, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (503, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_on_messages_it_gets_anthropics_shape(program: Program, status: int, kind: str):
    said = {"message": "anthropic error: no", "type": "whatever", "param": None, "code": None}

    outcome = program.answer(status, {"error": said, "provider": "anthropic"}, policy=MESSAGES)

    assert outcome.status == status
    assert outcome.json == {"type": "error", "error": {"type": kind, "message": "no"}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"error":"no"}',
        b'{"error":[]}',
        b'{"error":null}',
        b'{"error":{"message":null}}',
        b'{"error":{"message":"openai error: null"}}',
        b'{"error":{"message":{"a":1},"type":["x"],"code":{}}}',
        b'{"status":"failure","message":"at /node_modules/x.js"}',
        b'{"error":{"message":"Invalid response received from openai: <html>/tmp/x"}}',
        b'{"html-message":"<html>/tmp/x"}',
    ],
)
@pytest.mark.parametrize("status", [422, 500])
def test_what_is_no_error_in_shape_becomes_one(program: Program, body: bytes, status: int):
    outcome = program.answer(status, body, policy=CHAT)

    assert outcome.status == status
    assert error(outcome) == {
        "message": f"The provider answered with the status {status}.",
        "type": "invalid_request_error" if status == 422 else "server_error",
        "param": None,
        "code": None,
    }


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("policy", [CHAT, MESSAGES], ids=["chat", "messages"])
def test_our_key_that_the_provider_refuses_is_our_fault(program: Program, status: int, policy: Any):
    said = {"message": "Incorrect API key provided: sk-1", "type": "authentication_error"}

    outcome = program.answer(status, {"error": said}, policy=policy)

    assert (outcome.status, outcome.refusal) == (502, None)
    assert b"sk-1" not in outcome.body


def test_what_a_provider_says_is_quoted(program: Program):
    words = 'a "quote", a \\ backslash, a\nline, \x00 and \u2028'

    outcome = program.answer(400, {"error": {"message": words, "type": "x"}}, policy=CHAT)

    assert error(outcome)["message"] == words


# --- Envoy's own replies ---


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_request"),
        (401, "invalid_token"),
        (403, "upgrade_refused"),
        (404, "not_found"),
        (408, "request_timeout"),
        (413, "request_too_large"),
        (431, "headers_too_large"),
        (500, None),
        (503, None),
        (504, None),
    ],
)
def test_envoys_own_replies_are_named_for_the_log_and_not_changed(program: Program, status: int, code: str | None):
    body = json.dumps({"error": {"message": "no"}}).encode()

    outcome = program.answer(status, body, from_portkey=False)

    assert (outcome.status, outcome.body, outcome.refusal) == (status, body, code)


def test_a_token_that_cannot_be_checked_is_not_called_bad(program: Program):
    headers = {"www-authenticate": 'Bearer error="invalid_token"'}

    outcome = program.answer(503, b"{}", from_portkey=False, headers=headers)

    assert "www-authenticate" not in outcome.headers


def test_a_refusal_of_the_policy_keeps_its_code(program: Program):
    outcome = program.answer(404, b"{}", policy={"shaped": True}, from_portkey=False)

    assert outcome.refusal is None  # it was noted with the decision: nothing replaces it


def test_an_answer_of_the_edge_that_is_fine_has_no_code(program: Program):
    assert program.answer(200, b"{}", from_portkey=False).refusal is None
