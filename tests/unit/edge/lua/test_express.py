"""What goes to a provider itself: the caller's body byte for byte, but for the model's name."""

import json
from typing import Any

import pytest

from gwctl.edge.breaker import OpenTargets, TargetName
from unit.edge.asking import PATHS, ask, assert_refused
from unit.edge.program import Outcome, Program, claims
from unit.policy.examples import compiled

SECRETS = {"openai": {"api_key": 'sk-"1\\'}, "two": {"api_key": "sk-2"}, "claude": {"api_key": "sk-ant"}}
PROVIDERS = [
    {"id": "openai", "kind": "openai"},
    {"id": "two", "kind": "openai", "base_url": "http://127.0.0.1:9/base/v1"},
    {"id": "claude", "kind": "anthropic"},
    {"id": "azure", "kind": "azure-openai", "azure_resource": "res"},
    {"id": "azure-v1", "kind": "azure-openai", "azure_resource": "res", "azure_api_version": "v1"},
    {"id": "llama", "kind": "ollama", "base_url": "http://localhost:11434"},
]


def target(provider: str, **fields: Any) -> dict[str, Any]:
    return {"provider": provider, "model": f"m-{provider}", **fields}


ROUTES: list[dict[str, Any]] = [
    *({"id": each["id"], "targets": [target(each["id"])]} for each in PROVIDERS),
    {"id": "pair", "targets": [target("openai"), target("two")]},
    {"id": "again", "targets": [target("openai")], "retries": {"attempts": 2, "on": [429]}},
    {"id": "either", "targets": [target("openai", weight=3), target("two")], "strategy": "weighted"},
]


def program(open_targets: OpenTargets = frozenset()) -> Program:
    snapshot = compiled(
        providers=PROVIDERS,
        routes=ROUTES,
        teams=[{"id": "t"}],
        clients=[{"id": "search-api", "team": "t"}],
        budgets=[],
        scanner=[],
        pricing=[],
    )
    return Program(snapshot, SECRETS, open_targets)


@pytest.fixture(scope="module")
def express() -> Program:
    return program()


def sent(express: Program, raw: str, api: str = "chat", **headers: str) -> Outcome:
    outcome = express.request(PATHS[api], raw.encode(), headers=headers)
    assert outcome.went_on, outcome.json
    assert outcome.headers.get("content-length", str(len(outcome.body))) == str(len(outcome.body))
    return outcome


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"model":"openai","new":{"b":1,"a":1.0}}', '{"model":"m-openai","new":{"b":1,"a":1.0}}'),
        ('{ "a" : [ ] , "model" : "openai" }', '{ "a" : [ ] , "model" : "m-openai" }'),
        ('{"messages":[{"model":"x"}],"model":"ope\\u006eai"}', '{"messages":[{"model":"x"}],"model":"m-openai"}'),
    ],
)
def test_only_the_model_s_name_changes(express: Program, before: str, after: str):
    assert sent(express, before).body.decode() == after


USAGE = '"include_usage":true'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f',"stream_options":{{{USAGE}}}'),
        (',"stream_options":null', f',"stream_options":{{{USAGE}}}'),
        (',"stream_options":{}', f',"stream_options":{{{USAGE}}}'),
        (',"stream_options":{ "x":1}', f',"stream_options":{{{USAGE}, "x":1}}'),
        (',"stream_options":{"include_usage":false,"x":1}', f',"stream_options":{{{USAGE},"x":1}}'),
        (',"stream_options":{"include_usage":true}', f',"stream_options":{{{USAGE}}}'),
    ],
)
def test_a_streamed_chat_is_made_to_tell_its_usage(express: Program, before: str, after: str):
    behind = sent(express, f'{{"model":"openai","stream":true{before}}}').body.decode()
    ahead = sent(express, f'{{"stream":true{before},"model":"openai"}}').body.decode()

    if before:
        assert behind == f'{{"model":"m-openai","stream":true{after}}}'
        assert ahead == f'{{"stream":true{after},"model":"m-openai"}}'
    else:
        assert behind == f'{{"model":"m-openai"{after},"stream":true}}'
        assert ahead == f'{{"stream":true,"model":"m-openai"{after}}}'


def test_other_streams_are_left_alone(express: Program):
    assert b"stream_options" not in sent(express, '{"model":"openai","stream":true,"input":""}', "responses").body
    assert b"stream_options" not in sent(express, '{"model":"claude","stream":true}', "messages").body


@pytest.mark.parametrize(
    ("model", "api", "host", "path", "header", "key"),
    [
        ("openai", "chat", "api.openai.com", "/v1/chat/completions", "authorization", 'Bearer sk-"1\\'),
        ("openai", "responses", "api.openai.com", "/v1/responses", "authorization", 'Bearer sk-"1\\'),
        ("openai", "embeddings", "api.openai.com", "/v1/embeddings", "authorization", 'Bearer sk-"1\\'),
        ("two", "chat", "127.0.0.1:9", "/base/v1/chat/completions", "authorization", "Bearer sk-2"),
        ("claude", "messages", "api.anthropic.com", "/v1/messages", "x-api-key", "sk-ant"),
        ("claude", "count_tokens", "api.anthropic.com", "/v1/messages/count_tokens", "x-api-key", "sk-ant"),
        (
            "azure",
            "chat",
            "res.openai.azure.com",
            "/openai/deployments/m-azure/chat/completions?api-version=2024-10-21",
            "api-key",
            None,
        ),
        ("azure", "responses", "res.openai.azure.com", "/openai/responses?api-version=2024-10-21", "api-key", None),
        (
            "azure-v1",
            "chat",
            "res.openai.azure.com",
            "/openai/v1/chat/completions?api-version=v1",
            "api-key",
            None,
        ),
        ("llama", "chat", "localhost:11434", "/v1/chat/completions", "authorization", None),
    ],
)
def test_each_kind_is_called_where_and_how_it_wants(
    express: Program, model: str, api: str, host: str, path: str, header: str, key: str | None
):
    outcome = sent(express, json.dumps({"model": model}), api, **{"x-api-key": "theirs", "api-key": "theirs"})

    assert (outcome.headers[":authority"], outcome.headers[":path"]) == (host, path)
    assert outcome.headers["x-gw-route"] == f"express/{model}"
    keys = {name: outcome.headers.get(name) for name in ("authorization", "x-api-key", "api-key")}
    assert keys == {**dict.fromkeys(keys), header: key}
    assert "x-portkey-config" not in outcome.headers


def test_the_log_learns_the_lane(express: Program):
    assert ask(express, model="openai").decision["lane"] == "express"
    assert ask(express, "messages", "claude").decision["lane"] == "express"


def groups(outcome: Outcome) -> list[str]:
    """The clusters of the tries, in order."""
    listed = outcome.metadata["gw.route"]["priority_groups"]
    return [group["clusters"][0]["cluster_name"] for group in listed]


def test_one_try_needs_no_list(express: Program):
    outcome = ask(express, model="openai")

    assert outcome.headers["x-gw-lane"] == "express"
    assert "gw.route" not in outcome.metadata
    assert outcome.decision["option"] == "config"


def test_the_next_target_gets_its_own_path_host_key_and_model(express: Program):
    outcome = sent(express, '{"stream":true,"model":"pair"}')

    assert outcome.headers["x-gw-lane"] == "fallback"
    assert groups(outcome) == ["express/openai", "again/two"]
    assert outcome.headers["x-envoy-max-retries"] == "1"
    assert outcome.headers["x-envoy-retriable-status-codes"] == "408,429,500,502,503,504,529"
    tries = outcome.metadata["gw.tries"]["tries"]
    assert outcome.body[tries["first"] - 1 : tries["last"] - 1] == b'"m-openai"'
    assert tries["2"] == {
        "host": "127.0.0.1:9",
        "path": "/base/v1/chat/completions",
        "model": '"m-two"',
        "header": "authorization",
        "key": "Bearer sk-2",
        "option": "config.targets[1]",
    }


def test_a_target_that_is_tried_again_is_waited_for(express: Program):
    outcome = ask(express, model="again")

    assert outcome.headers["x-gw-lane"] == "patient"
    assert groups(outcome) == ["express/openai"] * 3
    assert outcome.headers["x-envoy-retriable-status-codes"] == "429"


def test_the_request_s_id_picks_by_weight(express: Program):
    found = [
        sent(express, '{"model":"either"}', **{"x-request-id": f"{number:x}0000000-0000"}).decision["option"]
        for number in range(16)
    ]

    assert found == ["config.targets[0]"] * 12 + ["config.targets[1]"] * 4


def test_an_open_target_is_left_out():
    outcome = ask(program(frozenset({TargetName("pair", "openai", "m-openai")})), model="pair")

    assert (outcome.headers["x-gw-route"], outcome.headers["x-gw-lane"]) == ("express/two", "express")
    assert (outcome.decision["option"], outcome.decision["skipped"]) == ("config.targets[1]", "config.targets[0]")


@pytest.mark.parametrize("scope", ["gateway/read", "gateway/admin"])
def test_who_may_read_the_admin_api_is_told_the_lanes(express: Program, scope: str):
    token = claims("search-api", scope=f"gateway/invoke {scope}")

    one = express.request("/v1/models/claude", method="GET", token=token)
    all_of_them = express.request("/v1/models", method="GET", token=token)

    assert one.json["lanes"] == {"chat": "portkey", "count_tokens": "express", "messages": "express"}
    assert all("lanes" in model for model in all_of_them.json["data"])
    assert "lanes" not in express.request("/v1/models/claude", method="GET").json


# --- content rules ---

RULES = [{"id": "word", "action": "deny", "pattern": "x", "teams": []}]


@pytest.fixture(scope="module")
def ruled() -> Program:
    snapshot = compiled(
        providers=PROVIDERS,
        routes=[{"id": "openai", "targets": [target("openai")], "scanner": ["word"]}],
        teams=[{"id": "t"}],
        clients=[{"id": "search-api", "team": "t"}],
        budgets=[],
        scanner=RULES,
        pricing=[],
    )
    return Program(snapshot, SECRETS)


def said_by_the_agent(ruled: Program, status: str, body: Any) -> Outcome:
    """The outcome of a request about which the agent says this."""
    answer = body if isinstance(body, str) else json.dumps(body)
    ruled.lua.execute(b"function agent_says(status, body) scanner_says = { { [':status'] = status }, body } end")
    ruled.lua.globals().agent_says(status.encode(), answer.encode())
    return ask(ruled, model="openai")


def test_the_agent_is_asked_about_the_body_as_portkey_would_ask(ruled: Program):
    outcome = said_by_the_agent(ruled, "200", {"verdict": True, "data": ""})

    assert outcome.went_on
    assert outcome.rules is None
    assert outcome.decision["scanned"] is True


def test_what_the_agent_replaces_is_what_goes_out(ruled: Program):
    changed = {"model": "openai", "messages": [], "é": '"\\'}
    outcome = said_by_the_agent(
        ruled, "200", {"verdict": True, "data": "word", "transformedData": {"request": {"json": changed}}}
    )

    assert json.loads(outcome.body) == {**changed, "model": "m-openai"}
    assert outcome.rules == "word"


def test_what_the_agent_refuses_goes_nowhere(ruled: Program):
    outcome = said_by_the_agent(ruled, "200", {"verdict": False, "data": "word"})

    assert_refused(outcome, 400, "content_refused")
    assert outcome.rules == "word"


@pytest.mark.parametrize(
    ("status", "body"), [("503", ""), ("500", {"verdict": True}), ("200", "no JSON"), ("200", {}), ("200", "[]")]
)
def test_without_a_verdict_nobody_is_served(ruled: Program, status: str, body: Any):
    assert_refused(said_by_the_agent(ruled, status, body), 503, "scanner_unavailable")
