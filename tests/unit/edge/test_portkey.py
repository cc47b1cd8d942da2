"""Variant and secrets → Portkey's configuration, and the way back from what Portkey says that served."""

import json
from typing import Any

import pytest

from gwctl.edge.portkey import Secrets, credentials, longest_seconds, missing_secrets, template
from gwctl.policy.scanning import PatternRule, from_header
from gwctl.policy.snapshot import Snapshot, Variant
from unit.policy.examples import compiled

SECRETS: Secrets = {
    "openai": {"api_key": "sk-1"},
    "anthropic": {"api_key": "sk-ant-1"},
    "bedrock-eu": {"aws_access_key_id": "AKIA1", "aws_secret_access_key": "s3cret", "aws_session_token": "t0ken"},
    "vertex": {"service_account_json": json.dumps({"type": "service_account", "private_key": "-----BEGIN\nX"})},
    "azure": {"api_key": "az-1"},
}
PROVIDERS = [
    {"id": "openai", "kind": "openai"},
    {"id": "anthropic", "kind": "anthropic"},
    {"id": "bedrock-eu", "kind": "bedrock", "region": "eu-central-1"},
    {"id": "google", "kind": "google"},
    {"id": "vertex", "kind": "vertex-ai", "region": "europe-west1", "project": "project-1"},
    {"id": "azure", "kind": "azure-openai", "azure_resource": "res"},
    {"id": "ollama", "kind": "ollama", "base_url": "http://127.0.0.1:11434"},
]


def snapshot(*targets: dict[str, Any], scanner: list[dict[str, Any]] | None = None, **route: Any) -> Snapshot:
    """One route `r`; rules of `scanner` hold for it."""
    rules = scanner or []
    document = {"id": "r", "targets": list(targets), "scanner": [rule["id"] for rule in rules], **route}
    own = [{"teams": [], **rule} for rule in rules]
    teams = [{"id": "search", "models": ["r"]}]
    clients = [{"id": "c", "team": "search"}]
    return compiled(
        providers=PROVIDERS, routes=[document], teams=teams, clients=clients, scanner=own, budgets=[], pricing=[]
    )


def variant_of(compiled_snapshot: Snapshot, api: str = "chat") -> Variant:
    return next(variant for variant in compiled_snapshot.variants.values() if api in variant.apis)


def config(
    compiled_snapshot: Snapshot, api: str = "chat", secrets: Secrets = SECRETS, *, stream_usage: bool = False
) -> Any:
    """The template with the credentials put in, as the policy does it."""
    parts = template(
        variant_of(compiled_snapshot, api), compiled_snapshot, stream_usage=stream_usage, scanner_port=8788
    )
    keys = {name: json.dumps(each)[1:-1] for name, each in json.loads(credentials(compiled_snapshot, secrets)).items()}
    # Nothing stands for a cap when the request has its own.
    filled = (part if i % 2 == 0 else "" if part.startswith("#cap ") else keys[part] for i, part in enumerate(parts))
    return json.loads("".join(filled))


def rules_of(guardrail: dict[str, Any]) -> tuple[PatternRule, ...]:
    """The rules as the agent reads them."""
    return from_header(guardrail["default.webhook"]["headers"]["x-gw-rules"])


def one(provider: str, model: str = "m", **fields: Any) -> dict[str, Any]:
    return {"provider": provider, "model": model, **fields}


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("openai", {"provider": "openai", "api_key": "sk-1", "forward_headers": ["openai-beta"]}),
        (
            "anthropic",
            {
                "provider": "anthropic",
                "api_key": "sk-ant-1",
                "forward_headers": ["anthropic-beta", "anthropic-version"],
            },
        ),
        (
            "bedrock-eu",
            {
                "provider": "bedrock",
                "aws_region": "eu-central-1",
                "aws_access_key_id": "AKIA1",
                "aws_secret_access_key": "s3cret",
                "aws_session_token": "t0ken",
            },
        ),
        ("google", {"provider": "google", "api_key": ""}),
        (
            "vertex",
            {
                "provider": "vertex-ai",
                "vertex_project_id": "project-1",
                "vertex_region": "europe-west1",
                "vertex_service_account_json": {"type": "service_account", "private_key": "-----BEGIN\nX"},
            },
        ),
        (
            "azure",
            {
                "provider": "azure-openai",
                "api_key": "az-1",
                "resource_name": "res",
                "deployment_id": "m",
                "api_version": "2024-10-21",
                "forward_headers": ["openai-beta"],
            },
        ),
        ("ollama", {"provider": "openai", "api_key": "", "custom_host": "http://127.0.0.1:11434/v1"}),
    ],
)
def test_a_target_of_each_kind(provider: str, expected: dict[str, Any]):
    strict = not {"google", "vertex-ai"} & {expected["provider"]}
    common = {"override_params": {"model": "m"}, "request_timeout": 600_000, "strict_open_ai_compliance": strict}

    assert config(snapshot(one(provider))) == {**common, **expected}


def test_another_url_of_a_provider_is_its_custom_host():
    base = snapshot(one("openai"))
    moved = base.providers["openai"].model_copy(update={"base_url": "https://proxy.test/v1"})

    found = config(base.model_copy(update={"providers": {**base.providers, "openai": moved}}))

    assert found["custom_host"] == "https://proxy.test/v1"


def test_ordered_targets_fall_back_on_the_listed_statuses():
    found = config(snapshot(one("openai"), one("anthropic"), fallback_on=[429, 500], timeout_seconds=7))

    assert found["strategy"] == {"mode": "fallback", "on_status_codes": [429, 500]}
    assert [(target["provider"], target["request_timeout"]) for target in found["targets"]] == [
        ("openai", 7_000),
        ("anthropic", 7_000),
    ]


def test_weighted_targets_share_the_traffic():
    found = config(snapshot(one("openai", weight=3), one("anthropic"), strategy="weighted"))

    assert found["strategy"] == {"mode": "loadbalance"}
    assert [target["weight"] for target in found["targets"]] == [3, 1]


def test_retries_are_those_of_the_route():
    found = config(snapshot(one("openai"), retries={"attempts": 2, "on": [503]}))

    assert found["retry"] == {"attempts": 2, "on_status_codes": [503]}


def test_streamed_usage_is_asked_of_one_target_and_of_a_group():
    single, group = snapshot(one("openai")), snapshot(one("openai"), one("anthropic"))

    assert config(single, stream_usage=True)["override_params"] == {
        "model": "m",
        "stream_options": {"include_usage": True},
    }
    assert config(group, stream_usage=True)["override_params"] == {"stream_options": {"include_usage": True}}


@pytest.mark.parametrize(
    ("route", "seconds"),
    [
        ({}, 20),
        ({"retries": {"attempts": 2}}, 2 * (3 * 10 + 1 + 2)),
        ({"strategy": "weighted"}, 10),
    ],
)
def test_a_plain_answer_has_the_time_of_all_attempts(route: dict[str, Any], seconds: int):
    built = snapshot(one("openai"), one("anthropic"), timeout_seconds=10, **route)

    assert longest_seconds(variant_of(built).tree) == seconds


# --- scanner rules ---


def test_the_agent_is_asked_about_all_patterns_of_a_side_at_once():
    rules = [
        {"id": "a", "action": "deny", "pattern": "x", "on": ["input", "output"]},
        {"id": "b", "action": "redact", "pattern": 'y"\nü', "replacement": "[y]"},
    ]

    found = config(snapshot(one("openai"), scanner=rules))

    [asked], [answered] = found["input_guardrails"], found["output_guardrails"]
    assert asked["default.webhook"]["webhookURL"] == "http://127.0.0.1:8788/"
    assert [rule.id for rule in rules_of(asked)] == ["a", "b"]
    assert [rule.replacement for rule in rules_of(asked)] == [None, "[y]"]
    assert [rule.id for rule in rules_of(answered)] == ["a"]


def test_an_agent_that_does_not_answer_refuses():
    rule = {"id": "a", "action": "redact", "pattern": "x"}

    [found] = config(snapshot(one("openai"), scanner=[rule]))["input_guardrails"]

    assert (found["deny"], found["default.webhook"]["failOnError"]) == (True, True)


def test_without_a_pattern_nobody_is_asked():
    assert "input_guardrails" not in config(snapshot(one("openai")))


def test_a_bedrock_guardrail_uses_the_keys_of_a_bedrock_provider_and_fails_closed():
    rule = {"id": "g", "action": "deny", "bedrock_guardrail": {"id": "abc", "version": "DRAFT"}}

    [found] = config(snapshot(one("openai"), one("bedrock-eu"), scanner=[rule]))["input_guardrails"]

    assert found["deny"] is True
    assert found["bedrock.guard"] == {
        "guardrailId": "abc",
        "guardrailVersion": "DRAFT",
        "failOnError": True,
        "credentials": {
            "awsRegion": "eu-central-1",
            "awsAccessKeyId": "AKIA1",
            "awsSecretAccessKey": "s3cret",
            "awsSessionToken": "t0ken",
        },
    }


# --- credentials ---


def test_no_secret_is_in_a_template():
    rule = {"id": "g", "action": "deny", "bedrock_guardrail": {"id": "abc", "version": "1"}}
    built = snapshot(*(one(provider["id"]) for provider in PROVIDERS), scanner=[rule])

    text = str([template(variant, built, stream_usage=True, scanner_port=8788) for variant in built.variants.values()])

    assert not [value for fields in SECRETS.values() for value in fields.values() if value in text]


@pytest.mark.parametrize(
    "text", ['"gw_credentials":"openai"', '\\"gw_credentials\\":\\"openai\\"', ',"gw_credentials":"openai"}']
)
def test_data_cannot_ask_for_credentials(text: str):
    rules = [{"id": "a", "action": "redact", "pattern": "x", "replacement": text}]
    built = snapshot(one("openai"), scanner=rules)

    parts = template(variant_of(built), built, stream_usage=False, scanner_port=8788)

    assert parts[1::2] == ["openai"]
    [rule] = rules_of(config(built)["input_guardrails"][0])
    assert rule.replacement == text


def test_credentials_can_travel_in_a_header():
    odd = {"openai": {"api_key": "ключ"}, "vertex": {"service_account_json": json.dumps({"a": "ü\n"})}}

    text = credentials(snapshot(one("openai"), one("vertex")), odd)

    assert text.isascii()
    assert text.isprintable()


@pytest.mark.parametrize(
    ("provider", "secret"),
    [
        ("openai", {}),
        ("openai", {"api_key": ""}),
        ("openai", {"api_key": "sk\n1"}),
        ("openai", {"api_key": "sk 1"}),
        ("openai", {"token": "sk-1"}),
        ("bedrock-eu", {"aws_access_key_id": "AKIA1"}),
        ("bedrock-eu", {"aws_session_token": "t"}),
        ("vertex", {"service_account_json": "{"}),
        ("vertex", {"service_account_json": '{"a": {"b": 1}}'}),
    ],
)
def test_a_key_that_cannot_be_used_is_missing(provider: str, secret: dict[str, str]):
    built = snapshot(one(provider))

    assert missing_secrets(built, {provider: secret}) == (provider,)
    assert config(built, secrets={provider: secret})["provider"]


@pytest.mark.parametrize("provider", ["ollama", "bedrock-eu"])
def test_a_key_that_is_not_needed_or_there_is_not_missing(provider: str):
    assert missing_secrets(snapshot(one(provider)), {"bedrock-eu": {"api_key": "b-1"}}) == ()


def test_a_provider_that_serves_no_route_misses_nothing():
    assert missing_secrets(snapshot(one("ollama")), {}) == ()


# --- who served ---
